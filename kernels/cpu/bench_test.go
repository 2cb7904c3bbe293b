package cpu

import (
	"fmt"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

func benchISA(b *testing.B, f func(b *testing.B, k *Kernels)) {
	for _, isa := range Supported() {
		b.Run(isa.String(), func(b *testing.B) { f(b, For(isa)) })
	}
}

// peak returns the core's FLOP/s. Call it right after the work to compare with, so that the core's clock is the same.
func peak(k *Kernels) float64 {
	var best float64
	for range 5 {
		start := time.Now()
		flops := k.PeakFMA(200_000)
		best = max(best, float64(flops)/time.Since(start).Seconds())
	}
	return best
}

// filled returns values other than 0: gonum skips those, and arithmetic on them may run at another clock.
func filled(n int) []float32 {
	s := Alloc(n)
	for i := range s {
		s[i] = 1 + float32(i%7)
	}
	return s
}

// BenchmarkTile multiplies a 128 x 576 block by one panel: what a 3x3 convolution of 64 channels does.
func BenchmarkTile(b *testing.B) {
	benchISA(b, func(b *testing.B, k *Kernels) {
		for w := range 2 {
			cols := (w + 1) * k.Lanes
			for _, t := range []struct {
				name string
				rows int
				tile []TileFunc
				at   func(row, ld int) (lda, offset int)
			}{
				{"plain", k.Rows, k.Tile[w], func(row, ld int) (int, int) { return ld, row * ld }},
				{"transposed", k.RowsT, k.TileT[w], func(row, ld int) (int, int) { return ld, row }},
			} {
				b.Run(fmt.Sprintf("%s/%dx%d", t.name, t.rows, cols), func(b *testing.B) {
					const kk = 576
					m := 128 / t.rows * t.rows
					ld := kk
					if t.name == "transposed" {
						ld = m
					}
					a, panel, c := filled(m*kk), filled(kk*cols), Alloc(m*cols)
					for b.Loop() {
						for i := 0; i < m; i += t.rows {
							lda, offset := t.at(i, ld)
							t.tile[t.rows](1, kk, &a[offset], lda, 0, &panel[0], cols, 0, &c[i*cols], cols, 0)
						}
					}
					rate := float64(2*m*cols*kk) * float64(b.N) / b.Elapsed().Seconds()
					b.ReportMetric(rate*1e-9, "GFLOP/s")
					b.ReportMetric(100*rate/peak(k), "%peak")
				})
			}
		}
	})
	b.Run("gonum", func(b *testing.B) {
		const m, n, kk = 128, 32, 576
		general := func(r, c int) blas32.General {
			return blas32.General{Rows: r, Cols: c, Stride: c, Data: filled(r * c)}
		}
		x, y, z := general(m, kk), general(kk, n), general(m, n)
		for b.Loop() {
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, x, y, 0, z)
		}
		b.ReportMetric(2*m*n*kk*float64(b.N)/b.Elapsed().Seconds()*1e-9, "GFLOP/s")
	})
}

// BenchmarkVector reports the bytes that a kernel reads and writes, each tensor counted once. Tensors of 196 x 64
// values stay in the second-level cache.
func BenchmarkVector(b *testing.B) {
	benchISA(b, func(b *testing.B, k *Kernels) {
		const c, n = 64, 196 * 64
		x, y, z, u := Alloc(n), Alloc(n), Alloc(n), Alloc(n)
		p, q := Alloc(c), Alloc(c)
		for i := range x {
			x[i] = float32(i%7) - 3
		}
		for _, v := range []struct {
			name    string
			tensors int
			run     func()
		}{
			{"Stats", 1, func() { k.Stats(p, q, x, q) }},
			{"ScaleShift", 2, func() { k.ScaleShift(y, x, p, q, true) }},
			{"BatchNormReduce", 2, func() { k.BatchNormReduce(p, q, y, x, p, p, p, true) }},
			{"BatchNormBackward", 3, func() { k.BatchNormBackward(z, y, x, p, p, p, p, p, p, true, false) }},
			{"Add", 3, func() { k.Add(y, x, z, true) }},
			{"ReLUBackward", 3, func() { k.ReLUBackward(y, z, x, false) }},
			{"AddScaled", 3, func() { k.AddScaled(y, 0.5, x) }},
			{"Adam", 7, func() { k.Adam(x, y, z, u, AdamParams{Eps: 1}) }},
			{"SGD", 5, func() { k.SGD(x, y, z, SGDParams{}) }},
		} {
			b.Run(v.name, func(b *testing.B) {
				clear(p)
				clear(q)
				b.SetBytes(int64(v.tensors) * 4 * n)
				for b.Loop() {
					v.run()
				}
			})
		}
	})
}
