//go:build !nocuda

package cuda

import (
	"fmt"
	"math"
	"testing"

	"resnet/gpu"
)

// pools are geometries with and without overlap, gaps, padding on each side and windows of one image.
var pools = []Pool{
	{H: 4, W: 4, OH: 2, OW: 2, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
	{H: 7, W: 5, OH: 4, OW: 3, KH: 3, KW: 3, StrideH: 2, StrideW: 2, Top: 1, Left: 1},
	{H: 6, W: 7, OH: 3, OW: 3, KH: 3, KW: 3, StrideH: 2, StrideW: 2}, // padding below only
	{H: 5, W: 6, OH: 5, OW: 3, KH: 3, KW: 2, StrideH: 1, StrideW: 2, Top: 1},
	{H: 7, W: 7, OH: 2, OW: 3, KH: 2, KW: 1, StrideH: 4, StrideW: 3, Left: 0}, // pixels that no window sees
	{H: 5, W: 3, OH: 1, OW: 1, KH: 5, KW: 3, StrideH: 1, StrideW: 1},          // global
	{H: 1, W: 1, OH: 1, OW: 1, KH: 3, KW: 3, StrideH: 1, StrideW: 1, Top: 1, Left: 1},
}

// eachWindow calls f for every output element, with the pixels of its window inside the image, in row order.
func (p Pool) eachWindow(n int, f func(out int, in []int)) {
	var in []int
	for out := range p.out(n) {
		c, o := out%p.C, out/p.C
		ox, oy, i := o%p.OW, o/p.OW%p.OH, o/p.OW/p.OH
		in = in[:0]
		for y := oy*p.StrideH - p.Top; y < oy*p.StrideH-p.Top+p.KH; y++ {
			for x := ox*p.StrideW - p.Left; x < ox*p.StrideW-p.Left+p.KW; x++ {
				if 0 <= y && y < p.H && 0 <= x && x < p.W {
					in = append(in, ((i*p.H+y)*p.W+x)*p.C+c)
				}
			}
		}
		f(out, in)
	}
}

func eachPool(t *testing.T, f func(g *rig, what string, dt gpu.DataType, p Pool, n int)) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, p := range pick(pools, pools[1], pools[4]) {
			for _, p.C = range pick([]int{1, 3, 8, 33, 64}, 33, 64) {
				f(g, fmt.Sprintf("%s %+v", name(dt), p), dt, p, 3)
			}
		}
	}
}

func TestMaxPool(t *testing.T) {
	eachPool(t, func(g *rig, what string, dt gpu.DataType, p Pool, n int) {
		x := g.wild(dt, p.in(n))
		for i := range x {
			x[i] = math.Round(4*x[i]) / 4 // so that many are equal
		}
		want, index := make([]float64, p.out(n)), make([]float64, p.out(n))
		winner := make([]int, p.out(n))
		p.eachWindow(n, func(out int, in []int) {
			want[out], winner[out] = x[in[0]], in[0]
			for place, at := range in {
				if v := x[at]; v > want[out] || math.IsNaN(v) {
					want[out], winner[out], index[out] = v, at, float64(place)
				}
			}
		})
		tx, ty, ti := g.put(of(dt), x), g.fresh(of(dt), p.out(n)), g.fresh(i32, p.out(n))
		g.ok(g.k.MaxPool(g.s, dt, ty.Ptr, ti.Ptr, tx.Ptr, p, n))
		g.equal(what, ty.get(), want)
		g.equal(what+" index", ti.get(), index)
		without := g.fresh(of(dt), p.out(n))
		g.ok(g.k.MaxPool(g.s, dt, without.Ptr, 0, tx.Ptr, p, n))
		g.equal(what+" without index", without.get(), want)

		dy, before := g.random(dt, p.out(n)), g.random(dt, p.in(n))
		tdy := g.put(of(dt), dy)
		for _, accumulate := range []bool{false, true} {
			sum := make([]float64, p.in(n))
			if accumulate {
				copy(sum, before)
			}
			for out, at := range winner {
				sum[at] = add32(sum[at], dy[out])
			}
			dx := g.put(of(dt), before)
			g.ok(g.k.MaxPoolBackward(g.s, dt, dx.Ptr, tdy.Ptr, ti.Ptr, p, accumulate, n))
			g.equal(what+" dx", dx.get(), rounded(dt, sum))
		}
	})
}

func TestAvgPool(t *testing.T) {
	eachPool(t, func(g *rig, what string, dt gpu.DataType, p Pool, n int) {
		scale := 1 / float32(p.KH*p.KW)
		x, dy, before := g.wild(dt, p.in(n)), g.random(dt, p.out(n)), g.random(dt, p.in(n))
		want := make([]float64, p.out(n))
		p.eachWindow(n, func(out int, in []int) {
			for _, at := range in {
				want[out] = add32(want[out], x[at])
			}
			want[out] = float64(scale * float32(want[out]))
		})
		y := g.fresh(of(dt), p.out(n))
		g.ok(g.k.AvgPool(g.s, dt, y.Ptr, g.put(of(dt), x).Ptr, p, n))
		g.equal(what, y.get(), rounded(dt, want))

		tdy := g.put(of(dt), dy)
		for _, accumulate := range []bool{false, true} {
			sum := make([]float64, p.in(n))
			if accumulate {
				copy(sum, before)
			}
			p.eachWindow(n, func(out int, in []int) {
				for _, at := range in {
					sum[at] = add32(sum[at], float64(scale*float32(dy[out])))
				}
			})
			dx := g.put(of(dt), before)
			g.ok(g.k.AvgPoolBackward(g.s, dt, dx.Ptr, tdy.Ptr, 0, p, accumulate, n))
			g.equal(what+" dx", dx.get(), rounded(dt, sum))
			relu := g.random(dt, p.in(n)) // what came out of it
			relu[0] = math.NaN()
			for i, v := range relu {
				relu[i] = positive(v)
				sum[i] = masked(sum[i], relu[i])
			}
			dx = g.put(of(dt), before)
			g.ok(g.k.AvgPoolBackward(g.s, dt, dx.Ptr, tdy.Ptr, g.put(of(dt), relu).Ptr, p, accumulate, n))
			g.equal(what+" dx in front of a ReLU", dx.get(), rounded(dt, sum))
		}
	})
}

// rounded rounds values to type t.
func rounded(dt gpu.DataType, values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = round(dt, v)
	}
	return out
}

func TestPoolRefuses(t *testing.T) {
	g := onGPU(t)
	good := Pool{H: 4, W: 4, C: 8, OH: 2, OW: 2, KH: 2, KW: 2, StrideH: 2, StrideW: 2}
	for _, spoil := range []func(p *Pool){
		func(p *Pool) { p.OH = 3 },
		func(p *Pool) { p.OW = 3 },
		func(p *Pool) { p.Top = 2 },
		func(p *Pool) { p.Left = -1 },
		func(p *Pool) { p.StrideW = 0 },
		func(p *Pool) { p.C = 0 },
	} {
		p := good
		spoil(&p)
		if err := g.k.AvgPool(g.s, gpu.Float32, 0, 0, p, 1); err == nil {
			t.Errorf("%+v is taken", p)
		}
	}
}
