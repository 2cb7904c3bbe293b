//go:build !nocuda

package cuda

import (
	"math"
	"testing"

	"resnet/gpu"
)

func TestBias(t *testing.T) {
	eachRows(t, func(g *rig, what string, dt gpu.DataType, rows, c int) {
		for _, relu := range []bool{false, true} {
			y, bias := g.wild(dt, rows*c), g.random(gpu.Float32, c)
			want := make([]float64, len(y))
			for i, v := range y {
				want[i] = add32(v, bias[i%c])
				if relu {
					want[i] = positive(want[i])
				}
				want[i] = round(dt, want[i])
			}
			ty := g.put(of(dt), y)
			g.ok(g.k.Bias(g.s, dt, ty.Ptr, g.put(f32, bias).Ptr, relu, c, rows*c))
			g.equal(what, ty.get(), want)
		}
	})
}

// columnSums are Σ_r f(r,j), and Σ_r |f(r,j)|, which scales the errors of the sums.
func columnSums(rows, c int, f func(r, j int) float64) (sums, sizes []float64) {
	sums, sizes = make([]float64, c), make([]float64, c)
	for r := range rows {
		for j := range c {
			v := f(r, j)
			sums[j] += v
			sizes[j] += math.Abs(v)
		}
	}
	return sums, sizes
}

// additions is the number of consecutive float32 additions in a sum over rows, plus one rounding of the result: those
// of a thread's rows of a chunk, and those of a tree over at most 256 threads.
func additions(dt gpu.DataType, rows, c int) float64 {
	_, block, size := reduction(dt, rows, c)
	return float64(ceilDiv(size, block.Y) + 8 + 1)
}

func TestBiasBackward(t *testing.T) {
	eachRows(t, func(g *rig, what string, dt gpu.DataType, rows, c int) {
		dy := g.random(dt, rows*c)
		want, size := columnSums(rows, c, func(r, j int) float64 { return dy[r*c+j] })
		dbias, tdy := g.fresh(f32, c), g.put(of(dt), dy)
		scratch := g.fresh(u8, int(BiasScratch(rows, c)))
		g.ok(g.k.BiasBackward(g.s, dt, dbias.Ptr, tdy.Ptr, scratch.Ptr, rows, c))
		got := dbias.get()
		g.near(what, got, want, func(j int) float64 { return additions(dt, rows, c) * unit(gpu.Float32) * size[j] })
		scratch.get() // checks its guard zones
		g.k.blocks *= 2
		g.ok(g.k.BiasBackward(g.s, dt, dbias.Ptr, tdy.Ptr, scratch.Ptr, rows, c))
		g.k.blocks /= 2
		g.equal(what+" again", dbias.get(), got)
	})
}
