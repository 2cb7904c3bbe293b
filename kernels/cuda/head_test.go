//go:build !nocuda

package cuda

import (
	"fmt"
	"math"
	"testing"

	"resnet/gpu"
)

// headCase is a head on the device, with its weight and the hidden activations that it computes.
type headCase struct {
	*Head
	h, weight, outBias             []float64
	logits, probs, gradient, scale *tensor
	scratch                        *tensor
}

func (g *rig) head(dt gpu.DataType, n, features, classes int, hidden bool) headCase {
	c := headCase{
		h: g.random(dt, n*features), weight: g.random(gpu.Float32, classes*features),
		outBias: g.random(gpu.Float32, classes),
		logits:  g.fresh(f32, n*classes), probs: g.fresh(f32, n*classes), gradient: g.fresh(f32, n*classes),
		scale: g.put(f32, []float64{64}), scratch: g.zeros(u8, HeadScratch),
	}
	labels := make([]float64, n)
	for i := range labels {
		labels[i] = float64(g.r.IntN(classes))
	}
	on, off := target(0.1, classes)
	c.Head = &Head{N: n, Features: features, Classes: classes, ReLU: hidden, Z: g.put(of(dt), c.h).Ptr,
		Weight: g.put(f32, c.weight).Ptr, OutBias: g.put(f32, c.outBias).Ptr, Labels: g.put(i32, labels).Ptr,
		On: on, Off: off,
		Logits: c.logits.Ptr, Probs: c.probs.Ptr, Gradient: c.gradient.Ptr, Scale: c.scale.Ptr, Scratch: c.scratch.Ptr}
	if hidden {
		bias := g.random(gpu.Float32, features)
		c.Bias = g.put(f32, bias).Ptr
		for i := range c.h {
			c.h[i] = positive(add32(c.h[i], bias[i%features]))
		}
	}
	return c
}

func eachHead(t *testing.T, f func(g *rig, what string, dt gpu.DataType, c headCase)) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, features := range pick([]int{4, 132, 516}, 132) {
			for _, classes := range pick([]int{1, 10, 17, 32}, 10, 17) {
				for _, n := range pick([]int{1, 33, 130}, 33) {
					for _, g.k.blocks = range []int{3, 64} { // the warps of an image are few or many
						hidden := (features+classes+n)%2 == 0
						what := fmt.Sprintf("%s n=%d features=%d classes=%d hidden=%v blocks=%d",
							name(dt), n, features, classes, hidden, g.k.blocks)
						f(g, what, dt, g.head(dt, n, features, classes, hidden))
					}
				}
			}
		}
	}
}

// The logits are compared with float64, and the results computed from them with those of the separate kernels.
func TestHead(t *testing.T) {
	eachHead(t, func(g *rig, what string, dt gpu.DataType, c headCase) {
		metrics := g.put(f64, []float64{3, 5})
		c.Metrics = metrics.Ptr
		g.ok(g.k.Head(g.s, dt, c.Head))
		want, size := make([]float64, c.N*c.Classes), make([]float64, c.N*c.Classes)
		for i := range want {
			want[i] = c.outBias[i%c.Classes]
			size[i] = math.Abs(want[i])
			for f := range c.Features {
				v := c.h[i/c.Classes*c.Features+f] * c.weight[i%c.Classes*c.Features+f]
				want[i] += v
				size[i] += math.Abs(v)
			}
		}
		// A lane sums its part of the features; then lanes, warps and the bias are added.
		_, _, team := c.forward(g.k)
		steps := float64(headVector*ceilDiv(c.Features, headVector*32*team) + 5 + team + 1)
		g.near(what+" logits", c.logits.get(), want, func(i int) float64 { return steps * 0x1p-24 * size[i] })

		probs, dz, alone := g.fresh(f32, len(want)), g.fresh(f32, len(want)), g.put(f64, []float64{3, 5})
		target := Target{Labels: c.Labels, On: c.On, Off: c.Off, Classes: c.Classes, N: c.N}
		g.ok(g.k.Loss(g.s, gpu.Float32, probs.Ptr, c.logits.Ptr, target, alone.Ptr,
			g.zeros(u8, int(LossScratch(c.N))).Ptr))
		g.ok(g.k.LossBackward(g.s, gpu.Float32, dz.Ptr, probs.Ptr, target, c.Scale))
		g.equal(what+" probabilities", c.probs.get(), probs.get())
		g.equal(what+" gradient", c.gradient.get(), dz.get())
		got, ref := metrics.get(), alone.get()
		// The losses, which are all positive, are added in another order.
		g.near(what+" metrics", got, ref, func(int) float64 { return float64(c.N) * 0x1p-53 * ref[0] })
		g.equal(what+" correct", got[1:], ref[1:])

		again := g.put(f64, []float64{3, 5})
		c.Metrics, c.Gradient = again.Ptr, 0
		g.ok(g.k.Head(g.s, dt, c.Head))
		g.equal(what+" metrics again", again.get(), got)
		g.equal(what+" counter", c.scratch.get()[:4], []float64{0, 0, 0, 0})
	})
}

func TestHeadBackward(t *testing.T) {
	const u = 0x1p-24
	eachHead(t, func(g *rig, what string, dt gpu.DataType, c headCase) {
		gradient := g.random(gpu.Float32, c.N*c.Classes)
		c.Gradient = g.put(f32, gradient).Ptr
		dh, dbias := g.fresh(of(dt), c.N*c.Features), g.fresh(f32, c.Features)
		dweight, doutBias := g.fresh(f32, c.Classes*c.Features), g.fresh(f32, c.Classes)
		db := dbias.Ptr
		if c.Bias == 0 {
			db = 0
		}
		g.ok(g.k.HeadBackward(g.s, dt, c.Head, dh.Ptr, db, dweight.Ptr, doutBias.Ptr))

		want, size := make([]float64, c.N*c.Features), make([]float64, c.N*c.Features)
		for i := range want {
			image, f := i/c.Features, i%c.Features
			if c.ReLU && c.h[i] <= 0 {
				continue
			}
			for k := range c.Classes {
				v := gradient[image*c.Classes+k] * c.weight[k*c.Features+f]
				want[i] += v
				size[i] += math.Abs(v)
			}
		}
		got := dh.get()
		g.near(what+" dh", got, want, func(i int) float64 {
			return float64(c.Classes)*u*size[i] + unit(dt)*math.Abs(want[i]) + tiny(dt)
		})
		// Sums over the images of a thread, then over lanes and warps.
		threads := min(ceilDiv(2*c.N, 32)*32, blockThreads)
		steps := float64(ceilDiv(2*c.N, threads) + 4 + threads/32)
		sums := func(what string, t *tensor, n int, term func(image, j int) float64) {
			g.Helper()
			want, size := columnSums(c.N, n, term)
			g.near(what, t.get(), want, func(j int) float64 { return steps * u * size[j] })
		}
		if c.Bias != 0 {
			sums(what+" dbias", dbias, c.Features, func(i, j int) float64 { return got[i*c.Features+j] })
		}
		sums(what+" dout_bias", doutBias, c.Classes, func(i, k int) float64 { return gradient[i*c.Classes+k] })
		sums(what+" dweight", dweight, c.Classes*c.Features, func(i, j int) float64 {
			return gradient[i*c.Classes+j/c.Features] * c.h[i*c.Features+j%c.Features]
		})
	})
}

// A NaN must show in the loss and in the gradients, through the ReLU too.
func TestHeadNotFinite(t *testing.T) {
	g := onGPU(t)
	const n, features, classes = 3, 8, 4
	c := g.head(gpu.Float32, n, features, classes, true)
	z := g.random(gpu.Float32, n*features)
	z[features] = math.NaN() // of the second image
	metrics := g.zeros(f64, 2)
	c.Z, c.Metrics = g.put(f32, z).Ptr, metrics.Ptr
	g.ok(g.k.Head(g.s, gpu.Float32, c.Head))
	if loss := metrics.get()[0]; loss == loss {
		t.Errorf("the loss is %v, want NaN", loss)
	}
	dh := g.fresh(f32, n*features)
	vectors := g.fresh(f32, features*(classes+1)+classes)
	g.ok(g.k.HeadBackward(g.s, gpu.Float32, c.Head, dh.Ptr, vectors.Add(4*features*classes), vectors.Ptr,
		vectors.Add(4*features*(classes+1))))
	for i, v := range dh.get() {
		if image := i / features; (v != v) != (image == 1 && (z[i] != z[i] || v != 0)) {
			t.Errorf("dh of image %d, feature %d is %v", image, i%features, v)
		}
	}
}

func TestHeadRefuses(t *testing.T) {
	g := onGPU(t)
	for _, c := range []struct {
		features, classes int
		want              bool
	}{
		{512, 10, true}, {4, 32, true}, {3136, 1, true},
		{510, 10, false}, {512, 33, false}, {0, 10, false}, {512, 0, false},
	} {
		if got := HeadFits(c.features, c.classes); got != c.want {
			t.Errorf("HeadFits(%d, %d) is %v", c.features, c.classes, got)
		}
	}
	if err := g.k.Head(g.s, gpu.Float32, &Head{N: 1, Features: 512, Classes: 100}); err == nil {
		t.Error("100 classes are taken")
	}
	if err := g.k.HeadBackward(g.s, gpu.Float32, &Head{N: 1, Features: 512, Classes: 10}, 0, 0, 0, 0); err == nil {
		t.Error("no gradient is taken")
	}
	g.ok(g.k.Head(g.s, gpu.Float32, &Head{N: 0, Features: 512, Classes: 10}))
}
