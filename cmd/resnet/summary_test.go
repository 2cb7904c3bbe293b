package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// The layers of the default network, on one thread so that the memory does not depend on the machine's; the padding of
// a tensor may depend on the instruction set, so that last line is left out.
func TestSummaryTable(t *testing.T) {
	out := succeed(t, "summary", "-j", "1")
	at := strings.LastIndex(strings.TrimSuffix(out, "\n"), "\n")
	if got, want := out[:at+1], string(read(t, "testdata/summary.txt")); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if !strings.HasPrefix(out[at+1:], "Training memory at batch size 32: activations ") {
		t.Errorf("last line %q", out[at+1:])
	}
}

func TestSummaryJSON(t *testing.T) {
	var s struct {
		Layers []struct {
			Name      string
			Output    []int
			Params    int
			Connected []string `json:"connected_to"`
		}
		Params       int
		Trainable    int `json:"trainable_params"`
		NonTrainable int `json:"non_trainable_params"`
		FLOPs        struct {
			Forward, Train int64
		} `json:"flops_per_image"`
		Memory struct{ Activations, Params, Gradients, Optimizer int } `json:"memory_bytes"`
	}
	decode(t, succeed(t, "summary", "--format", "json", "--hidden", "0"), &s)
	// Without the hidden layer the classifier reads 64*7*7 values: 10*3136+10 parameters in place of 512*3136+512 and
	// 10*512+10, from the published 1,749,210.
	want := 1749210 - 512*3136 - 512 - 10*512 - 10 + 10*3136 + 10
	sum := 0
	for _, l := range s.Layers {
		sum += l.Params
		if len(l.Output) != 4 || len(l.Connected) == 0 {
			t.Errorf("layer %+v, want four sizes and an input", l)
		}
	}
	if s.Params != want || sum != want || s.NonTrainable != 1056 || s.Trainable != want-1056 {
		t.Errorf("%d parameters, %d in layers, %d trainable, %d not, want %d and 1056 not trainable", s.Params, sum,
			s.Trainable, s.NonTrainable, want)
	}
	if s.FLOPs.Forward <= 0 || s.FLOPs.Train <= 2*s.FLOPs.Forward || s.Memory.Activations <= 0 ||
		s.Memory.Params < 4*want {
		t.Errorf("flops %+v, memory %+v, want sensible ones", s.FLOPs, s.Memory)
	}
}

// A drawing has every node, and -o's name says which kind it is.
func TestSummaryDrawings(t *testing.T) {
	for _, c := range []struct{ format, extension, begins string }{
		{"svg", ".svg", "<svg"}, {"dot", ".dot", "digraph"}, {"mermaid", ".mmd", "---\n"}, {"json", ".json", "{"},
		{"table", ".txt", "Model: "},
	} {
		out := succeed(t, "summary", "-j", "1", "--format", c.format)
		if !strings.HasPrefix(out, c.begins) || !strings.Contains(out, "blocks.3.conv2") {
			t.Errorf("%s: no %q and blocks.3.conv2 in %.200q", c.format, c.begins, out)
		}
		path := filepath.Join(t.TempDir(), "network"+c.extension)
		if printed := succeed(t, "summary", "-j", "1", "-o", path); printed != "" || string(read(t, path)) != out {
			t.Errorf("%s: -o %s differs from what --format prints", c.format, path)
		}
	}
}
