package main

import (
	"regexp"
	"testing"
)

func TestBench(t *testing.T) {
	args := []string{"bench", "--quiet", "--seconds", "0", "--base-channels", "4", "--hidden", "16", "-b", "2,3", "-j", "1", "--device", "cpu"}
	var r struct {
		Machine struct {
			ISA     string
			Threads int
		}
		Results []struct {
			Phase           string
			BatchSize       int     `json:"batch_size"`
			ImagesPerSecond float64 `json:"images_per_second"`
			Layers          []struct {
				Node string
				Ms   float64 `json:"ms_per_step"`
			}
		}
	}
	decode(t, succeed(t, append(args, "--format", "json", "--isa", "portable", "--layers")...), &r)
	if r.Machine.ISA != "portable" || r.Machine.Threads != 1 || len(r.Results) != 4 {
		t.Errorf("%+v with %d results, want portable, 1 thread, 4 results", r.Machine, len(r.Results))
	}
	for _, s := range r.Results {
		if s.ImagesPerSecond <= 0 || len(s.Layers) == 0 {
			t.Errorf("%s, batch size %d: %v img/s, %d layers, want some", s.Phase, s.BatchSize, s.ImagesPerSecond, len(s.Layers))
		}
	}
	out := succeed(t, append(args, "--format", "go", "--phase", "infer", "--count", "2")...)
	line := regexp.MustCompile(`(?m)^BenchmarkInfer/batch=[23]-1\t\d+\t\d+ ns/op\t[\d.]+ img/s\t[\d.]+ GFLOP/s$`)
	if n := len(line.FindAllString(out, -1)); n != 4 {
		t.Errorf("%d benchmark lines, want 4:\n%s", n, out)
	}
}
