//go:build !nocuda

package gpu

import (
	"fmt"
	"math"
	"testing"
)

// gemm computes out[rows,cols] = alpha op(a) op(b) + beta c, and the same sums of magnitudes.
func gemm(transA, transB bool, rows, cols, inner int,
	alpha float64, a, b []float64, beta float64, c []float64) (out, scale []float64) {
	out, scale = make([]float64, rows*cols), make([]float64, rows*cols)
	for i := range rows {
		for j := range cols {
			at := i*cols + j
			out[at] = beta * c[at]
			for k := range inner {
				p, q := i*inner+k, k*cols+j
				if transA {
					p = k*rows + i
				}
				if transB {
					q = j*inner + k
				}
				out[at] += alpha * a[p] * b[q]
				scale[at] += math.Abs(alpha * a[p] * b[q])
			}
		}
	}
	return out, scale
}

func TestGemm(t *testing.T) {
	b := onGPU(t)
	h := b.blas()
	for _, types := range []struct {
		in, out DataType
		math    GemmMath
		draw    func(n int, seed uint64) []float64
	}{
		{Float32, Float32, Pedantic32, fine},
		{Float32, Float32, FastTF32, small},
		{Float16, Float16, Pedantic32, small},
		{Float16, Float32, Pedantic32, small},
		{BFloat16, BFloat16, Pedantic32, small},
		{BFloat16, Float32, FastTF32, small},
	} {
		for _, trans := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
			for _, beta := range []float32{0, 1} {
				name := fmt.Sprintf("%v to %v math %d trans %v beta %v", types.in, types.out, types.math, trans, beta)
				b.sub(name, func(b bench) {
					const rows, cols, inner, alpha = 7, 10, 13, -0.5
					x, w := b.array(types.in, types.draw(rows*inner, 1)), b.array(types.in, types.draw(inner*cols, 2))
					y := b.array(types.out, small(rows*cols, 3))
					b.ok(h.Gemm(Product{
						Rows: rows, Cols: cols, Inner: inner, TransA: trans[0], TransB: trans[1],
						In: types.in, Out: types.out, Math: types.math, Alpha: alpha, Beta: beta,
					}, x.Ptr, w.Ptr, y.Ptr))
					want, scale := gemm(trans[0], trans[1], rows, cols, inner,
						alpha, x.values, w.values, float64(beta), y.values)
					// Small inputs are exact in TF32, so only the float32 sum is rounded.
					b.near("c", types.out, b.fetch(y), want, scale, 0x1p-20)
				})
			}
		}
	}
}

// A product can be captured, because it uses the workspace of the handle.
func TestGemmCaptured(t *testing.T) {
	b := onGPU(t)
	h := b.blas()
	const n = 64
	x, w, y := b.array(Float32, small(n*n, 1)), b.array(Float32, small(n*n, 2)), b.array(Float32, small(n*n, 3))
	b.ok(b.stream.BeginCapture())
	err := h.Gemm(Product{Rows: n, Cols: n, Inner: n, TransB: true, Alpha: 1}, x.Ptr, w.Ptr, y.Ptr)
	g, endErr := b.stream.EndCapture()
	b.ok(err)
	b.ok(endErr)
	b.closing(g)
	b.ok(g.Launch(b.stream))
	want, scale := gemm(false, true, n, n, n, 1, x.values, w.values, 0, y.values)
	b.near("c", Float32, b.fetch(y), want, scale, 0x1p-20)
}

func TestGemmSizes(t *testing.T) {
	b := onGPU(t)
	h := b.blas()
	for _, n := range [][3]int{{0, 1, 1}, {1, -1, 1}, {1, 1, math.MaxInt32 + 1}} {
		if err := h.Gemm(Product{Rows: n[0], Cols: n[1], Inner: n[2], Alpha: 1}, 0, 0, 0); err == nil {
			t.Errorf("a product of sizes %v was not refused", n)
		}
	}
}
