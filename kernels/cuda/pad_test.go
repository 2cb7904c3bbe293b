//go:build !nocuda

package cuda

import (
	"fmt"
	"testing"
)

func TestPadAndCrop(t *testing.T) {
	g := onGPU(t)
	const n = 3
	for _, dt := range dtypes {
		for _, b := range []Border{
			{H: 4, W: 3, Bottom: 1, Right: 1},
			{H: 2, W: 5, Top: 2, Left: 1, Bottom: 0, Right: 3},
			{H: 1, W: 1},
		} {
			for _, b.C = range []int{1, 3, 8, 33} {
				what := fmt.Sprintf("%s %+v", name(dt), b)
				x, dy, before := g.wild(dt, b.in(n)), g.random(dt, b.out(n)), g.random(dt, b.in(n))
				y, dx, sum := make([]float64, b.out(n)), make([]float64, b.in(n)), make([]float64, b.in(n))
				h, w := b.Top+b.H+b.Bottom, b.Left+b.W+b.Right
				for i := range x {
					ch, col, row, img := i%b.C, i/b.C%b.W, i/b.C/b.W%b.H, i/b.C/b.W/b.H
					at := ((img*h+row+b.Top)*w+col+b.Left)*b.C + ch
					y[at], dx[i], sum[i] = x[i], dy[at], round(dt, add32(before[i], dy[at]))
				}
				ty, tdx, tdy := g.fresh(of(dt), b.out(n)), g.fresh(of(dt), b.in(n)), g.put(of(dt), dy)
				g.ok(g.k.Pad(g.s, dt, ty.Ptr, g.put(of(dt), x).Ptr, b, n))
				g.equal(what, ty.get(), y)
				g.ok(g.k.Crop(g.s, dt, tdx.Ptr, tdy.Ptr, b, false, n))
				g.equal(what+" dx", tdx.get(), dx)
				tdx = g.put(of(dt), before)
				g.ok(g.k.Crop(g.s, dt, tdx.Ptr, tdy.Ptr, b, true, n))
				g.equal(what+" accumulate", tdx.get(), sum)
			}
		}
	}
}
