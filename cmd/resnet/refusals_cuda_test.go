//go:build !nocuda

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"resnet/gpu/gputest"
	"resnet/nn"
)

// A run under a cuDNN that refuses trains with kernels of our own and says so once. Its record keeps that: where cuDNN
// refuses no longer the run goes on with the same kernels, to the bits of a run that never stopped.
func TestRefusals(t *testing.T) {
	gputest.NeedEmulation(t)
	for fault, why := range map[string]string{
		"cudnnConvolutionForward:5000": "cudnnConvolutionForward: CUDNN_STATUS_EXECUTION_FAILED (5000)",
		"cudnnGetConvolutionForwardAlgorithm_v7:3000": "cudnnGetConvolutionForwardAlgorithm_v7: " +
			"CUDNN_STATUS_NOT_SUPPORTED (3000)",
	} {
		t.Run(fault, func(t *testing.T) { testRefusals(t, fault, why) })
	}
}

func testRefusals(t *testing.T, fault, why string) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := writeBars(t, 24)
	options := func(run, epochs string) []string {
		return append(tiny(dir, "--quiet=false", "--epochs", epochs, "--output", run), onGPU...)
	}
	whole, part := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "part")
	t.Setenv("RESNET_EMU_FAIL", fault)
	for run, epochs := range map[string]string{whole: "2", part: "1"} {
		_, stderr, code := resnet(t, options(run, epochs)...)
		if code != 0 || strings.Count(stderr, "note: cuDNN refuses conv.forward ") != 1 ||
			!strings.Contains(stderr, why) || !strings.Contains(stderr, "; resnet uses direct kernels\n") {
			t.Errorf("exit status %d, want 0 and one line of what is refused: %s", code, stderr)
		}
	}
	record, err := nn.ReadTuning(filepath.Join(part, "tuning.json"))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for key, c := range record.Choices {
		for _, text := range c.Refused {
			refused++
			if c.Choice != "direct kernels" || !strings.HasPrefix(text, why) {
				t.Errorf("%s: %+v, want direct kernels, since %s", key, c, why)
			}
		}
	}
	if refused == 0 {
		t.Errorf("nothing is refused in %+v", record.Choices)
	}
	r, states := doctor(t, 0, "--device", "cuda")
	state, text := states["step on cuda:0"], r.text("step on cuda:0")
	if state != "ok" || !strings.Contains(text, "; cuDNN refuses ") || !strings.Contains(text, why) {
		t.Errorf("doctor: %q, %s, want ok and what is refused", state, text)
	}
	t.Setenv("RESNET_EMU_FAIL", "")
	succeed(t, "train", "--resume", part, "--quiet", "--epochs", "2")
	if weightsDistance(t, part, whole) != 0 {
		t.Error("resumed, it ends with other weights than a run that never stopped")
	}
}
