//go:build !nocuda

package bench

import (
	"context"
	"testing"

	"resnet/gpu/gputest"
	"resnet/nn"
	"resnet/nn/cuda"
)

// TestRunOnGPU: on a GPU, real or emulated, a report has the roofline and the device's usage in each phase.
func TestRunOnGPU(t *testing.T) {
	_, err := cuda.Devices()
	gputest.Need(t, err)
	c := small()
	c.Device.Device, c.Device.Precision, c.BatchSizes, c.Layers = "cuda:0", "bf16", []int{2}, true
	c.Roofline = &nn.RooflineSizes{CopyBytes: 1 << 16, Order: 32, Runs: 2}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	g := r.Machine.GPU
	if g == nil || g.CopyGBPerSecond <= 0 || g.ProductGFLOPS <= 0 || len(r.Results) != 3 {
		t.Fatalf("%d results of %+v, want three and a roofline", len(r.Results), g)
	}
	kernels := map[Phase]int{}
	for _, s := range r.Results {
		u := s.GPU
		if u == nil || u.Kernels < 10 || !u.Fused || u.DeviceMs <= 0 || u.IdleShare < 0 || u.IdleShare >= 1 ||
			s.PeakShare <= 0 || s.Phase == Latency && s.Window != 1 {
			t.Errorf("%s: %+v, %+v, want a fused step, kernels and times of the device", s.Phase, s, u)
			continue
		}
		if u.Variant != "fused" {
			t.Errorf("%s: a step is called %q, want fused, which is taken without measuring", s.Phase, u.Variant)
		}
		kernels[s.Phase] = u.Kernels
		checkLayers(t, c, s)
	}
	// Training has backward and update besides forward; latency has the forward pass of inference.
	if kernels[Train] <= kernels[Infer] || kernels[Latency] != kernels[Infer] {
		t.Errorf("kernels %v, want more in training, as many for latency as for inference", kernels)
	}
}
