//go:build nocuda

package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Without CUDA auto is the CPU, without a word; a GPU that is asked for is wrong usage.
func TestNoCUDA(t *testing.T) {
	dir := writeBars(t, 24)
	run := filepath.Join(t.TempDir(), "run")
	if _, stderr, code := resnet(t, tiny(dir, "--epochs", "1", "--output", run, "--device", "auto",
		"--quiet=false")...); code != 0 || strings.Contains(stderr, "device") {
		t.Errorf("exit status %d, stderr %q, want 0 and nothing about devices", code, stderr)
	}
	weights := filepath.Join(run, "weights", "last.safetensors")
	for _, args := range []string{
		"train --device cuda", "train --device cuda:1 --precision bf16", "train --precision bf16", "train --check",
		"train --resume " + run + " --device cuda", "eval --device cuda --weights " + weights,
		"predict --device cuda --weights " + weights + " x.png", "bench --device cuda --quiet", "summary --device cuda",
		"doctor --device cuda",
	} {
		_, stderr, code := resnet(t, strings.Fields(args)...)
		if code != 2 || !strings.HasPrefix(stderr, "resnet: ") || !strings.Contains(stderr, "this build has no CUDA") ||
			strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit status %d, stderr %q, want 2 and one line that says so", args, code, stderr)
		}
	}
}
