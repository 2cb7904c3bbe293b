//go:build !nocuda

package cuda_test

import (
	"maps"
	"strings"
	"testing"

	"resnet/gpu/gputest"
	"resnet/nn"
	"resnet/nn/cuda"
)

// blockNetwork is one residual block of 16 channels.
func blockNetwork(t *testing.T, b nn.Backend, batch int) (*nn.Graph, nn.Executor) {
	t.Helper()
	g := nn.NewGraph("block", 1, 6, 5, 3)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	x = g.Apply("stem", nn.Conv{Out: 16, Kernel: 3, Pad: nn.Padding(1)}, x)
	y := g.Apply("norm", nn.BatchNorm{ReLU: true}, x)
	y = g.Apply("conv", nn.Conv{Out: 16, Kernel: 3, Pad: nn.Padding(1)}, y)
	y = g.Apply("sum", nn.Add{ReLU: true}, x, y)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("linear", nn.Linear{Out: 3}, y))
	return g, compiled(t, g, b, batch)
}

// openFuseAuto opens a GPU that fuses where a fused step was measured to be faster.
func openFuseAuto(t *testing.T, c nn.TuneConfig) nn.Backend {
	t.Helper()
	c.Log = t.Errorf
	return openCUDA(cuda.Config{Precision: nn.BF16, Deterministic: true, Fuse: cuda.FuseAuto, Tune: c})(t)
}

// kernelCount is how many kernels a step launches.
func kernelCount(t *testing.T, e nn.Executor, m nn.Mode, n int) int {
	t.Helper()
	if err := e.Run(m, n); err != nil {
		t.Fatal(err)
	}
	count, err := e.(nn.Instrumented).KernelCount(m, n)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// Compile measures whole steps with fusion and without, and how to cut convolutions into blocks. Given choices are
// followed, for smaller batches too.
func TestCUDAFusedTune(t *testing.T) {
	gputest.NeedTime(t, "the first plans are used")
	const batch = 3
	b := openFuseAuto(t, nn.TuneConfig{Mode: nn.TuneOn})
	blockNetwork(t, b, batch)
	measured := b.Info().GPU.Choices
	steps, plans := 0, 0
	for key, c := range measured.Choices {
		switch {
		case strings.HasPrefix(key, "step.train n=3 "), strings.HasPrefix(key, "step.eval n=3 "):
			steps++
		case strings.HasPrefix(key, "fused n=3 "):
			plans++
		}
		if c.Microseconds <= 0 || len(c.Candidates) == 0 {
			t.Errorf("%s: %+v, want times of it and of other candidates", key, c)
		}
	}
	if steps != 2 || plans < 2 {
		t.Errorf("%d steps and %d convolutions among %v, want 2 and some", steps, plans, measured.Choices)
	}
	count := map[string]int{}
	for _, variant := range []string{"fused", "apart"} {
		given := *measured
		given.Choices = maps.Clone(measured.Choices)
		last := map[string]string{}
		for key, c := range given.Choices {
			switch {
			case strings.HasPrefix(key, "step."):
				c.Choice = variant
			case strings.HasPrefix(key, "fused "):
				for c.Choice = range c.Candidates { // any but the one that was chosen
				}
				last[key] = c.Choice
			}
			given.Choices[key] = c
		}
		b := openFuseAuto(t, nn.TuneConfig{Given: &given})
		_, e := blockNetwork(t, b, batch)
		for n := batch; n > 0; n-- {
			count[variant] = kernelCount(t, e, nn.Train, n)
		}
		if variant == "apart" {
			continue
		}
		for key, want := range last {
			if got := b.Info().GPU.Choices.Choices[key].Choice; got != want {
				t.Errorf("%s: %q, want %q as the file says", key, got, want)
			}
		}
	}
	if count["fused"] >= count["apart"] {
		t.Errorf("%d launches with fusion, %d without, want fewer", count["fused"], count["apart"])
	}
}
