//go:build !nocuda

package cuda_test

import (
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/cuda"
)

// The kernel count of a step is known once it has run, and is the same with graphs and without.
func TestCUDAKernelCount(t *testing.T) {
	var counts []int
	for _, noGraph := range []bool{false, true} {
		b := openCUDA(cuda.Config{NoGraph: noGraph})(t)
		_, e := narrowNetwork(t, b, 3)
		l := e.(nn.Instrumented)
		_, err := l.KernelCount(nn.Train, 3)
		if err == nil || !strings.Contains(err.Error(), "want one to have run before") {
			t.Errorf("before a step: error %v, want one that says so", err)
		}
		for range 2 {
			if err := e.Run(nn.Train, 3); err != nil {
				t.Fatal(err)
			}
		}
		n, err := l.KernelCount(nn.Train, 3)
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, n)
		if err := e.Run(nn.Train, 3); err != nil {
			t.Error(err)
		}
	}
	// Forward and backward of some 30 nodes are at least a kernel each.
	if counts[0] != counts[1] || counts[0] < 40 {
		t.Errorf("%d kernels with graphs, %d without, want the same number and at least 40", counts[0], counts[1])
	}
}

func TestCUDATimeline(t *testing.T) {
	b := openCUDA(cuda.Config{})(t)
	_, e := narrowNetwork(t, b, 3)
	w := e.(nn.Instrumented)
	if err := w.StartTimeline(4); err != nil {
		t.Fatal(err)
	}
	for range 6 { // two more than are recorded
		if err := e.Run(nn.Train, 3); err != nil {
			t.Fatal(err)
		}
	}
	o, err := w.Timeline()
	if err != nil {
		t.Fatal(err)
	}
	if o.Launches != 4 || o.Busy <= 0 || o.Busy > o.Elapsed || o.Idle() < 0 || o.Idle() >= 1 {
		t.Errorf("%+v, idle %v, want 4 steps that take part of the time", o, o.Idle())
	}
	if o, err = w.Timeline(); err != nil || o != (nn.Timeline{}) || o.Idle() != 0 {
		t.Errorf("after the end of the recording: %+v, %v, want nothing", o, err)
	}
}

func TestCUDARoofline(t *testing.T) {
	// Not a multiple of a block, so that the copies of random numbers end in a short one.
	sizes := nn.RooflineSizes{CopyBytes: 4000, Order: 48, Runs: 3}
	for _, p := range []nn.Precision{nn.FP32, nn.TF32, nn.BF16, nn.FP16} {
		b := openCUDA(cuda.Config{Precision: p})(t)
		c, err := b.(nn.RooflineMeter).Roofline(sizes)
		if err != nil || !(c.CopyBytesPerSecond > 0) || !(c.ProductFLOPS > 0) || c.Sizes != sizes {
			t.Errorf("%v: %+v, %v, want positive rates of %+v", p, c, err, sizes)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}
