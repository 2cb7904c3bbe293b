//go:build !nocuda

package cuda

import (
	"fmt"
	"math"
	"testing"

	"resnet/gpu"
)

// lossOf computes the loss of one image like the CPU: probabilities, loss and the index of the first largest logit.
func lossOf(z []float64, label int, on, off float64) (p []float64, loss float64, best int) {
	for k, v := range z {
		if v > z[best] {
			best = k
		}
	}
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(v - z[best])
	}
	logSum := z[best] + math.Log(sum)
	p = make([]float64, len(z))
	for k, v := range z {
		t := off
		if k == label {
			t = on
		}
		if t != 0 {
			loss -= t * (v - logSum)
		}
		p[k] = math.Exp(v - logSum)
	}
	return p, loss, best
}

// target is the target at the label and elsewhere, with label smoothing.
func target(smoothing float64, classes int) (on, off float64) {
	off = smoothing / float64(classes)
	return 1 - smoothing + off, off
}

func TestLoss(t *testing.T) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, shape := range pick([][2]int{
			{1, 3}, {2, 1}, {10, 7}, {10, 8}, {10, 9}, {33, 100}, {100, 40}, {1000, 3}, {3, 2500},
		}, [2]int{10, 9}, [2]int{33, 100}) {
			classes, n := shape[0], shape[1]
			for _, smoothing := range []float64{0, 0.1} {
				what := fmt.Sprintf("%s classes=%d n=%d smoothing=%g", name(dt), classes, n, smoothing)
				on, off := target(smoothing, classes)
				logits, labels := make([]float64, n*classes), make([]float64, n)
				for i := range logits {
					logits[i] = round(dt, math.Round(40*g.r.NormFloat64())/8) // so that some are equal
				}
				want, metrics, size := make([]float64, n*classes), []float64{3, 5}, 3.0
				for i := range labels {
					label := g.r.IntN(classes)
					labels[i] = float64(label)
					p, loss, best := lossOf(logits[i*classes:(i+1)*classes], label, on, off)
					copy(want[i*classes:], p)
					metrics[0] += loss
					size += math.Abs(loss)
					if best == label {
						metrics[1]++
					}
				}
				probs, tz, tl := g.fresh(f32, n*classes), g.put(of(dt), logits), g.put(i32, labels)
				scratch := g.zeros(u8, int(LossScratch(n)))
				var first []float64
				for range 2 { // the second finds scratch as the first left it
					tm := g.put(f64, []float64{3, 5})
					g.ok(g.k.Loss(g.s, dt, probs.Ptr, tz.Ptr, Target{tl.Ptr, on, off, classes, n}, tm.Ptr, scratch.Ptr))
					// The result is rounded to float32. Before that, exp has an argument with a float64 error of some
					// units in the last place of 100, the largest logit.
					g.near(what, probs.get(), want, func(i int) float64 { return 1.01*0x1p-24*want[i] + 0x1p-149 })
					got := tm.get()
					// A few roundings per image, and one for each addition.
					tol := float64(n+classes+10) * 0x1p-53 * size * 4
					if math.Abs(got[0]-metrics[0]) > tol || got[1] != metrics[1] {
						g.Fatalf("%s: metrics are %v, want %v", what, got, metrics)
					}
					if first != nil {
						g.equal(what+" metrics again", got, first)
					}
					first = got
					scratch.get() // checks its guard zones
				}
				g.lossBackward(what, dt, probs, tl, classes, n, on, off)
			}
		}
	}
}

// lossBackward checks LossBackward with the probabilities that Loss computed.
func (g *rig) lossBackward(what string, dt gpu.DataType, probs, labels *tensor, classes, n int, on, off float64) {
	g.Helper()
	p, l := probs.get(), labels.get()
	const scale = 1024
	for _, ts := range []gpu.Ptr{0, g.put(f32, []float64{scale}).Ptr} {
		want := make([]float64, n*classes)
		for i := range want {
			t := off
			if i%classes == int(l[i/classes]) {
				t = on
			}
			want[i] = (p[i] - t) / float64(n)
			if ts != 0 {
				want[i] *= scale
			}
		}
		dz := g.fresh(of(dt), n*classes)
		g.ok(g.k.LossBackward(g.s, dt, dz.Ptr, probs.Ptr, Target{labels.Ptr, on, off, classes, n}, ts))
		g.equal(what+" dz", dz.get(), rounded(dt, want))
	}
}

// A diverged image must show in the loss, and must not be counted as correct by accident.
func TestLossNotFinite(t *testing.T) {
	g := onGPU(t)
	nan, inf := math.NaN(), math.Inf(1)
	for i, c := range []struct {
		logits        []float64
		label         int
		correct, loss float64
	}{
		{[]float64{nan, 1, 2}, 0, 1, nan}, // no logit is larger than a NaN at the start
		{[]float64{nan, 1, 2}, 2, 0, nan},
		{[]float64{1, nan, 2}, 2, 1, nan},
		{[]float64{1, 2, nan}, 2, 0, nan},
		{[]float64{-inf, -inf, 0}, 2, 1, 0},
		{[]float64{0, -inf, 0}, 1, 0, inf},
		{[]float64{-inf, -inf, -inf}, 0, 1, nan},
		{[]float64{0, inf, 0}, 1, 1, nan},
	} {
		metrics, probs := g.zeros(f64, 2), g.fresh(f32, 3)
		label := g.put(i32, []float64{float64(c.label)})
		g.ok(g.k.Loss(g.s, gpu.Float32, probs.Ptr, g.put(f32, c.logits).Ptr,
			Target{Labels: label.Ptr, On: 1, Classes: 3, N: 1}, metrics.Ptr, g.zeros(u8, int(LossScratch(1))).Ptr))
		g.equal(fmt.Sprintf("case %d: loss and correct", i), metrics.get(), []float64{c.loss, c.correct})
		p, _, _ := lossOf(c.logits, c.label, 1, 0)
		g.equal(fmt.Sprintf("case %d: probabilities", i), probs.get(), rounded(gpu.Float32, p))
	}
}
