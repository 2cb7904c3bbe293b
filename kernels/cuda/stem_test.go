//go:build !nocuda

package cuda

import (
	"fmt"
	"math"
	"testing"

	"resnet/gpu"
)

// stems are the seed network's and others: several colours, windows beyond the image on every side, more than 9 taps,
// more than 32 channels.
var stems = []Stem{
	{H: 28, W: 28, C: 1, OH: 14, OW: 14, Out: 16, Kernel: 3, Stride: 2},
	{H: 5, W: 7, C: 3, OH: 5, OW: 7, Out: 32, Kernel: 3, Stride: 1, Top: 1, Left: 1},
	{H: 6, W: 4, C: 4, OH: 3, OW: 2, Out: 8, Kernel: 2, Stride: 2},
	{H: 9, W: 9, C: 1, OH: 5, OW: 5, Out: 64, Kernel: 5, Stride: 2, Top: 2, Left: 2},
	{H: 3, W: 3, C: 2, OH: 3, OW: 3, Out: 96, Kernel: 1, Stride: 1},
}

// eachTap calls f for each input of each output pixel: the row of the pixel, the index of the tap in the weight of a
// channel, and the value of the input.
func (a Stem) eachTap(pixels, table []float64, f func(row, tap int, value float64)) {
	for row := range a.rows() {
		ox, oy, n := row%a.OW, row/a.OW%a.OH, row/a.OW/a.OH
		for tap := range a.taps() {
			c, s, r := tap%a.C, tap/a.C%a.Kernel, tap/a.C/a.Kernel
			y, x := oy*a.Stride+r-a.Top, ox*a.Stride+s-a.Left
			if 0 <= y && y < a.H && 0 <= x && x < a.W {
				f(row, tap, table[c*256+int(pixels[((n*a.H+y)*a.W+x)*a.C+c])])
			}
		}
	}
}

// eachStem runs f for all types and stems, with pixels and table on the device.
func eachStem(t *testing.T, f func(g *rig, what string, dt gpu.DataType, a *Stem, pixels, table []float64)) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, a := range pick(stems, stems[1], stems[3]) {
			for _, a.N = range pick([]int{1, 7}, 7) {
				for _, g.k.blocks = range []int{3, 80} { // few blocks and many
					pixels, table := g.bytesOf(a.N*a.H*a.W*a.C), g.random(gpu.Float32, a.C*256)
					a.Pixels, a.Table = g.put(u8, pixels).Ptr, g.put(f32, table).Ptr
					what := fmt.Sprintf("%s %dx%dx%dx%d to %d blocks=%d",
						name(dt), a.N, a.H, a.W, a.C, a.Out, g.k.blocks)
					f(g, what, dt, &a, pixels, table)
				}
			}
		}
	}
}

func TestStem(t *testing.T) {
	const u = 0x1p-24
	eachStem(t, func(g *rig, what string, dt gpu.DataType, a *Stem, pixels, table []float64) {
		weight := g.random(gpu.Float32, a.Out*a.taps())
		want, size := make([]float64, a.rows()*a.Out), make([]float64, a.rows()*a.Out)
		a.eachTap(pixels, table, func(row, tap int, value float64) {
			for o := range a.Out {
				v := value * weight[o*a.taps()+tap]
				want[row*a.Out+o] += v
				size[row*a.Out+o] += math.Abs(v)
			}
		})
		y, scratch := g.fresh(of(dt), len(want)), g.zeros(u8, int(g.k.StemScratch(a)))
		a.Weight, a.Y, a.Scratch = g.put(f32, weight).Ptr, y.Ptr, scratch.Ptr
		g.ok(g.k.Stem(g.s, dt, a))
		// Each FMA rounds once, and so does the store of y.
		tol := func(i int) float64 { return float64(a.taps())*u*size[i] + unit(dt)*math.Abs(want[i]) + tiny(dt) }
		plain := y.get()
		g.near(what, plain, want, tol)

		n := g.norm(a.Out)
		f := n.forward()
		a.Stats = &f
		before, beforeVar := n.runningMean.get(), n.runningVar.get()
		g.ok(g.k.Stem(g.s, dt, a))
		g.equal(what+" with statistics", y.get(), plain)
		// A thread sums its rows; then lanes, warps and blocks are added.
		grid, block := a.forward(g.k)
		steps := float64(ceilDiv(a.rows(), grid.X*block.X*stemVector/min(a.Out, stemWidth)) + 5 + block.X/32)
		n.check(g, what, plain, a.rows(), 2*steps, before, beforeVar)
		first := n.state.get()
		g.ok(g.k.Stem(g.s, dt, a))
		g.equal(what+" state again", n.state.get()[:4*a.Out], first[:4*a.Out])
		g.equal(what+" counter", scratch.get()[:4], []float64{0, 0, 0, 0})
	})
}

func TestStemWeightGradient(t *testing.T) {
	const u = 0x1p-24
	eachStem(t, func(g *rig, what string, dt gpu.DataType, a *Stem, pixels, table []float64) {
		x, dy := g.random(dt, a.rows()*a.Out), g.random(dt, a.rows()*a.Out)
		n := g.norm(a.Out)
		rows := [rowK + 1][]float64{}
		for i := range rows {
			rows[i] = g.random(gpu.Float32, a.Out)
		}
		n.put(0, rows[:]...)
		through := make([]float64, len(dy))
		for i, v := range dy {
			j := i % a.Out
			inner := fma32(float64(float32(x[i]-rows[rowMean][j])), rows[rowB][j], rows[rowK][j])
			through[i] = round(dt, fma32(v, rows[rowA][j], inner))
		}
		plain := Operand{Kind: Plain, X: g.put(of(dt), dy).Ptr}
		norm := Operand{Kind: NormGradient, X: plain.X, Input: g.put(of(dt), x).Ptr, Norm: n.state.Ptr}
		scratch := g.zeros(u8, int(g.k.StemGradientScratch(a)))
		for i, gradient := range [][]float64{dy, through} {
			want, size := make([]float64, a.Out*a.taps()), make([]float64, a.Out*a.taps())
			a.eachTap(pixels, table, func(row, tap int, value float64) {
				for o := range a.Out {
					v := value * gradient[row*a.Out+o]
					want[o*a.taps()+tap] += v
					size[o*a.taps()+tap] += math.Abs(v)
				}
			})
			what, operand := fmt.Sprintf("%s operand %d", what, i), []Operand{plain, norm}[i]
			dw := g.fresh(f32, len(want))
			g.ok(g.k.StemWeightGradient(g.s, dt, a, operand, dw.Ptr, scratch.Ptr))
			grid, block := a.backward(g.k)
			steps := float64(ceilDiv(a.rows(), grid.X*block.X*stemVector/min(a.Out, stemWidth)) + 5 + block.X/32 + 1)
			got := dw.get()
			g.near(what, got, want, func(i int) float64 { return steps * u * size[i] })
			again := g.fresh(f32, len(want))
			g.ok(g.k.StemWeightGradient(g.s, dt, a, operand, again.Ptr, scratch.Ptr))
			g.equal(what+" again", again.get(), got)
			g.equal(what+" counter", scratch.get()[:4], []float64{0, 0, 0, 0})
		}
	})
}

// fma32 is fmaf, except for sums so near to halfway between two float32 that rounding to float64 first makes a tie.
func fma32(a, b, c float64) float64 { return float64(float32(math.FMA(a, b, c))) }

func TestStemRefuses(t *testing.T) {
	g := onGPU(t)
	for _, fits := range []struct {
		c, kernel, out int
		want           bool
	}{
		{1, 3, 16, true}, {3, 3, 64, true}, {4, 2, 128, true}, {1, 5, 8, true}, {5, 1, 16, false}, {3, 7, 64, false},
		{1, 3, 24, false}, {1, 3, 160, false}, {1, 3, 0, false},
	} {
		if got := StemFits(fits.c, fits.kernel, fits.out); got != fits.want {
			t.Errorf("StemFits(%d, %d, %d) is %v", fits.c, fits.kernel, fits.out, got)
		}
	}
	a := Stem{N: 1, H: 8, W: 8, C: 1, OH: 8, OW: 8, Out: 24, Kernel: 3, Stride: 1}
	if err := g.k.Stem(g.s, gpu.Float32, &a); err == nil {
		t.Error("24 channels are taken")
	}
	a.Out = 16
	if err := g.k.StemWeightGradient(g.s, gpu.Float32, &a, Operand{Kind: Normalized}, 0, 0); err == nil {
		t.Error("a normalised gradient is taken")
	}
	a.N = 0
	g.ok(g.k.Stem(g.s, gpu.Float32, &a))
}
