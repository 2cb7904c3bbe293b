package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestBench(t *testing.T) {
	slowUnderRace(t)
	args := []string{"bench", "--quiet", "--seconds", "0", "--base-channels", "4", "--hidden", "16", "-b", "2,3",
		"-j", "1", "--device", "cpu", "--phase", "train,infer"}
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
			t.Errorf("%s, batch size %d: %v img/s, %d layers, want some", s.Phase, s.BatchSize, s.ImagesPerSecond,
				len(s.Layers))
		}
	}
	out := succeed(t, append(args, "--format", "go", "--phase", "infer", "--count", "2")...)
	line := regexp.MustCompile(`(?m)^BenchmarkInfer/batch=[23]-1\t\d+\t\d+ ns/op\t[\d.]+ img/s\t[\d.]+ GFLOP/s$`)
	if n := len(line.FindAllString(out, -1)); n != 4 {
		t.Errorf("%d benchmark lines, want 4:\n%s", n, out)
	}
}

// A second run is held against a first, which must be a report.
func TestBenchCompare(t *testing.T) {
	slowUnderRace(t)
	args := []string{"bench", "--quiet", "--seconds", "0", "--base-channels", "4", "--hidden", "16", "-b", "2",
		"-j", "1", "--device", "cpu", "--phase", "infer,latency"}
	file := filepath.Join(t.TempDir(), "old.json")
	if err := os.WriteFile(file, []byte(succeed(t, append(args, "--format", "json")...)), 0o600); err != nil {
		t.Fatal(err)
	}
	var r struct {
		Comparison struct {
			With    string
			Changes []struct {
				Phase   string
				Ratio   float64
				Verdict string
			}
		}
	}
	decode(t, succeed(t, append(args, "--format", "json", "--compare", file)...), &r)
	if c := r.Comparison; c.With != file || len(c.Changes) != 2 || c.Changes[1].Phase != "latency" ||
		c.Changes[0].Ratio <= 0 {
		t.Errorf("%+v, want a ratio of both phases", c)
	}
	out := succeed(t, append(args, "--compare", file, "--hidden", "8")...)
	if strings.Count(out, "not comparable: model ") != 2 {
		t.Errorf("another model: want both phases not comparable:\n%s", out)
	}
	if _, stderr, code := resnet(t, append(args, "--compare", file, "--format", "go")...); code != 2 ||
		!strings.Contains(stderr, "want table or json") {
		t.Errorf("--format go: exit status %d, %q, want 2 and why", code, stderr)
	}
	if _, stderr, code := resnet(t, append(args, "--compare", "no-such.json")...); code != 1 ||
		!strings.Contains(stderr, "no-such.json") {
		t.Errorf("no file: exit status %d, %q, want 1 and the file's name", code, stderr)
	}
}
