//go:build !nocuda

package cuda

import "testing"

func TestPackWeights(t *testing.T) {
	g := onGPU(t)
	table := []PackedWeights{
		{From: 3, To: 0, Out: 16, Taps: 9, In: 32, Transposed: 1},
		{From: 5000, To: 4608, Out: 48, Taps: 1, In: 16, Transposed: 1},
		{From: 1, To: 5376, Out: 16, Taps: 1, In: 16},
	}
	const params, packed, most = 6000, 5632, 16 * 9 * 32
	var entries []float64
	for _, w := range table {
		for _, v := range []int32{w.From, w.To, w.Out, w.Taps, w.In, w.Transposed} {
			entries = append(entries, float64(v))
		}
	}
	for _, dt := range dtypes {
		p := g.wild(dtypes[0], params)
		want := make([]float64, packed)
		for _, w := range table {
			for o := range w.Out {
				for tap := range w.Taps {
					for i := range w.In {
						at := (o*w.Taps+tap)*w.In + i
						from := at
						if w.Transposed == 1 {
							at = (i*w.Taps+w.Taps-1-tap)*w.Out + o
						}
						want[w.To+at] = factor(dt, p[w.From+from])
					}
				}
			}
		}
		dst := g.fresh(of(dt), packed)
		g.ok(g.k.PackWeights(g.s, dt, dst.Ptr, g.put(f32, p).Ptr, g.put(i32, entries).Ptr, len(table), most))
		g.equal(name(dt), dst.get(), want)
	}
}
