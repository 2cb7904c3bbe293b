//go:build !nocuda

package cuda

import (
	"fmt"
	"math"
	"testing"

	"resnet/gpu"
)

// directs have odd sizes, windows of one image and of one pixel, rectangles, steps over pixels, padding on one side and
// padding beyond the window.
var directs = []Direct{
	{Input: Pool{H: 5, W: 4, C: 3, OH: 5, OW: 4, KH: 3, KW: 3, StrideH: 1, StrideW: 1, Top: 1, Left: 1}, Out: 5},
	{Input: Pool{H: 7, W: 6, C: 1, OH: 4, OW: 3, KH: 3, KW: 3, StrideH: 2, StrideW: 2}, Out: 16}, // padding below only
	{Input: Pool{H: 4, W: 5, C: 16, OH: 4, OW: 5, KH: 1, KW: 1, StrideH: 1, StrideW: 1}, Out: 33},
	{Input: Pool{H: 6, W: 7, C: 8, OH: 3, OW: 4, KH: 1, KW: 1, StrideH: 2, StrideW: 2}, Out: 8},
	{Input: Pool{H: 3, W: 9, C: 40, OH: 3, OW: 4, KH: 2, KW: 5, StrideH: 1, StrideW: 2, Left: 1, Top: 1}, Out: 7},
	{Input: Pool{H: 2, W: 3, C: 2, OH: 4, OW: 3, KH: 2, KW: 2, StrideH: 2, StrideW: 3, Top: 3, Left: 2}, Out: 1},
	{Input: Pool{H: 5, W: 3, C: 9, OH: 1, OW: 1, KH: 5, KW: 3, StrideH: 1, StrideW: 1}, Out: 4},
	{Input: Pool{H: 9, W: 9, C: 4, OH: 2, OW: 2, KH: 7, KW: 7, StrideH: 4, StrideW: 4, Top: 1, Left: 2}, Out: 3},
}

// each calls f for every product of a convolution of n images: the offsets of its input, weight and output.
func (d Direct) each(n int, f func(x, w, y int)) {
	p := d.Input
	for y := range d.out(n) {
		k, o := y%d.Out, y/d.Out
		ox, oy, i := o%p.OW, o/p.OW%p.OH, o/p.OW/p.OH
		for r := range p.KH {
			for s := range p.KW {
				iy, ix := oy*p.StrideH-p.Top+r, ox*p.StrideW-p.Left+s
				if iy < 0 || iy >= p.H || ix < 0 || ix >= p.W {
					continue
				}
				for c := range p.C {
					f(((i*p.H+iy)*p.W+ix)*p.C+c, ((k*p.KH+r)*p.KW+s)*p.C+c, y)
				}
			}
		}
	}
}

// sums are results in float64, and what they may be off by: each of a sum's additions rounds, and the result does.
type sums struct {
	value, size []float64
	terms       []int
}

func newSums(n int) *sums { return &sums{make([]float64, n), make([]float64, n), make([]int, n)} }

func (s *sums) add(i int, v float64) {
	s.value[i] += v
	s.size[i] += math.Abs(v)
	s.terms[i]++
}

func (s *sums) tolerance(dt gpu.DataType) func(i int) float64 {
	return func(i int) float64 {
		return float64(s.terms[i]+1)*0x1p-24*s.size[i] + unit(dt)*math.Abs(s.value[i]) + tiny(dt)
	}
}

func eachDirect(t *testing.T, f func(g *rig, what string, dt gpu.DataType, d Direct, n int)) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, d := range directs {
			for _, n := range []int{1, 3} {
				f(g, fmt.Sprintf("%s %+v n=%d", name(dt), d, n), dt, d, n)
			}
		}
	}
}

func TestDirectConvolution(t *testing.T) {
	eachDirect(t, func(g *rig, what string, dt gpu.DataType, d Direct, n int) {
		x, w := g.random(dt, d.in(n)), g.random(dt, d.weights())
		want := newSums(d.out(n))
		d.each(n, func(i, j, o int) { want.add(o, x[i]*w[j]) })
		y := g.fresh(of(dt), d.out(n))
		g.ok(g.k.DirectConvolution(g.s, dt, y.Ptr, g.put(of(dt), x).Ptr, g.put(of(dt), w).Ptr, d, n))
		g.near(what, y.get(), want.value, want.tolerance(dt))
	})
}

func TestDirectDataGradient(t *testing.T) {
	eachDirect(t, func(g *rig, what string, dt gpu.DataType, d Direct, n int) {
		dy, w, before := g.random(dt, d.out(n)), g.random(dt, d.weights()), g.random(dt, d.in(n))
		for _, accumulate := range []bool{false, true} {
			want := newSums(d.in(n))
			d.each(n, func(i, j, o int) { want.add(i, dy[o]*w[j]) })
			if accumulate {
				for i, v := range before {
					want.add(i, v)
				}
			}
			dx := g.put(of(dt), before)
			g.ok(g.k.DirectDataGradient(g.s, dt, dx.Ptr, g.put(of(dt), dy).Ptr, g.put(of(dt), w).Ptr, d, accumulate, n))
			g.near(fmt.Sprintf("%s accumulate %v", what, accumulate), dx.get(), want.value, want.tolerance(dt))
		}
	})
}

// The sums are within a row's rounding, and the same at every run.
func TestDirectWeightGradient(t *testing.T) {
	eachDirect(t, func(g *rig, what string, dt gpu.DataType, d Direct, n int) {
		x, dy := g.random(dt, d.in(n)), g.random(dt, d.out(n))
		want := newSums(d.weights())
		d.each(n, func(i, j, o int) { want.add(j, x[i]*dy[o]) })
		for j := range want.terms {
			want.terms[j] = min(want.terms[j], d.Input.OW) // the rows are added up in float64
		}
		tx, tdy := g.put(of(dt), x), g.put(of(dt), dy)
		var first []float64
		for range 2 {
			dw := g.fresh(f32, d.weights())
			g.ok(g.k.DirectWeightGradient(g.s, dt, dw.Ptr, tx.Ptr, tdy.Ptr, d, n))
			got := dw.get()
			g.near(what, got, want.value, want.tolerance(gpu.Float32))
			if first != nil {
				g.equal(what+" again", got, first)
			}
			first = got
		}
	})
}

func TestDirectRefuses(t *testing.T) {
	g := onGPU(t)
	for _, spoil := range []func(d *Direct){
		func(d *Direct) { d.Out = 0 },
		func(d *Direct) { d.Input.OW = 0 },
		func(d *Direct) { d.Input.StrideH = 0 },
		func(d *Direct) { d.Input.Left = -1 },
		func(d *Direct) { d.Input.C = math.MaxInt32 },
	} {
		d := directs[0]
		spoil(&d)
		for what, err := range map[string]error{
			"y":  g.k.DirectConvolution(g.s, gpu.Float32, 0, 0, 0, d, 1),
			"dx": g.k.DirectDataGradient(g.s, gpu.Float32, 0, 0, 0, d, false, 1),
			"dw": g.k.DirectWeightGradient(g.s, gpu.Float32, 0, 0, 0, d, 1),
		} {
			if err == nil {
				t.Errorf("%s of %+v is taken", what, d)
			}
		}
	}
}
