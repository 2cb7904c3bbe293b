//go:build !nocuda

package cuda

import (
	"math"
	"strings"
	"testing"

	"resnet/gpu"
)

func TestNotFinite(t *testing.T) {
	eachLength(t, func(g *rig, what string, dt gpu.DataType, n int) {
		x, want := g.wild(dt, n), 5.0
		for _, v := range x {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				want++
			}
		}
		count := g.put(i32, []float64{5})
		g.ok(g.k.NotFinite(g.s, dt, g.put(of(dt), x).Ptr, count.Ptr, n))
		g.equal(what, count.get(), []float64{want})
	})
}

func TestNotEqual(t *testing.T) {
	g := onGPU(t)
	for _, n := range lengths() {
		x, want := make([]float64, n), 2.0
		for i := range x {
			x[i] = 77
			if g.r.IntN(10) == 0 {
				x[i]++
				want++
			}
		}
		// Starts at the second word, which is not aligned for vectors.
		count, tx := g.put(i32, []float64{2}), g.put(i32, append([]float64{0}, x...))
		g.ok(g.k.NotEqual(g.s, tx.Add(4), 77, count.Ptr, n))
		g.equal("words that differ", count.get(), []float64{want})
	}
}

// Sizes and addresses that the kernels do not support are refused before a launch.
func TestRefuses(t *testing.T) {
	g := onGPU(t)
	x := g.zeros(f32, 8)
	for _, c := range []struct {
		err  error
		want string
	}{
		{g.k.ReLU(g.s, gpu.Float32, x.Ptr, x.Ptr, 1<<31), "relu: 2147483648 elements, want 0 to 2147483647"},
		{g.k.BatchNormStats(g.s, gpu.Float32, x.Ptr, x.Ptr, 1<<20, 1<<11), "batchnorm_stats: 2147483648 elements"},
		{g.k.ReLU(g.s, gpu.Float32, x.Ptr, x.Ptr, -1), "relu: -1 elements"},
		{g.k.Add(g.s, gpu.Float32, x.Ptr, x.Add(4), x.Ptr, false, 4), "add: tensor 2 of 3"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got %v, want an error with %q", c.err, c.want)
		}
	}
}

// With no elements, nothing is launched.
func TestNothing(t *testing.T) {
	g := onGPU(t)
	const dt = gpu.Float32
	p := Pool{H: 1, W: 1, C: 1, OH: 1, OW: 1, KH: 1, KW: 1, StrideH: 1, StrideW: 1}
	for _, err := range []error{
		g.k.ReLU(g.s, dt, 0, 0, 0), g.k.Add(g.s, dt, 0, 0, 0, false, 0), g.k.Bias(g.s, dt, 0, 0, false, 5, 0),
		g.k.BiasBackward(g.s, dt, 0, 0, 0, 0, 5), g.k.MaxPool(g.s, dt, 0, 0, 0, p, 0),
		g.k.Pad(g.s, dt, 0, 0, Border{1, 1, 1, 1, 1, 1, 1}, 0),
		g.k.BatchNormStats(g.s, dt, 0, 0, 0, 5), g.k.Loss(g.s, dt, 0, 0, Target{Classes: 10, On: 1}, 0, 0),
		g.k.AssembleBatch(g.s, Batch{H: 1, W: 1, C: 1}),
		g.k.Adam(g.s, Update{}, AdamParams{}),
	} {
		g.ok(err)
	}
	g.ok(g.s.Sync())
	if BiasScratch(0, 5)+BatchNormScratch(0, 5) != 0 {
		t.Error("no rows need scratch memory")
	}
}

// Launches happen in every training step, and must not allocate memory.
func TestLaunchDoesNotAllocate(t *testing.T) {
	g := onGPU(t)
	x := g.zeros(f32, 64)
	o := AdamParams{Beta1: 0.5, Beta2: 0.5, Eps: 1}
	if n := testing.AllocsPerRun(20, func() {
		g.ok(g.k.Add(g.s, gpu.Float32, x.Ptr, x.Ptr, x.Ptr, true, 64))
		g.ok(g.k.Adam(g.s, Update{P: x.Ptr, G: x.Ptr, M: x.Ptr, V: x.Ptr, StepParams: x.Ptr, N: 64}, o))
		g.ok(g.k.BatchNormApply(g.s, gpu.Float32, x.Ptr, x.Ptr, x.Ptr, true, 2, 32))
	}); n != 0 {
		t.Errorf("three launches allocate %g times", n)
	}
	g.ok(g.s.Sync())
}
