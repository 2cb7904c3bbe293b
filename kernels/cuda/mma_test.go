//go:build !nocuda

package cuda

import (
	"testing"

	"resnet/gpu"
)

// inner is k of one mma, the length of its sums.
func inner(t gpu.DataType) int {
	if t == gpu.Float32 {
		return 8
	}
	return 16
}

// product is a b by one mma of the tensor cores, 16 x 8; b is as kernel product of testing.cu takes it.
func (g *rig) product(t gpu.DataType, a, b []float64) []float64 {
	g.Helper()
	d, ta, tb := g.fresh(f32, 16*8), g.put(of(t), a), g.put(of(t), b)
	shared := (len(a) + len(b)) * of(t).size
	var args gpu.Args
	for _, p := range [...]gpu.Ptr{d.Ptr, ta.Ptr, tb.Ptr} {
		args.Ptr(p)
	}
	g.launchTesting("product", t, gpu.Dim3{X: 1, Y: 1, Z: 1}, gpu.Dim3{X: 32, Y: 1, Z: 1}, shared, &args)
	return d.get()
}

// The fragments of the tensor cores and the loads of them have the layouts that mma.cuh documents. All sums here are
// exact.
func TestProduct(t *testing.T) {
	for _, dt := range dtypes {
		t.Run(name(dt), func(t *testing.T) {
			g, k := onGPU(t), inner(dt)
			eighths := func(n int) []float64 {
				x := make([]float64, n)
				for i := range x {
					x[i] = float64(g.r.IntN(65)-32) / 8
				}
				return x
			}
			a, b := eighths(16*k), eighths(8*k)
			along, across := 8, 1
			if dt == gpu.Float32 { // b is transposed
				along, across = 1, k
			}
			want := make([]float64, 16*8)
			for i := range want {
				for j := range k {
					want[i] += a[i/8*k+j] * b[j*along+i%8*across]
				}
			}
			g.equal("d", g.product(dt, a, b), want)
		})
	}
}

// to_tf32 rounds to ten bits of fraction, ties away from zero.
func TestTF32(t *testing.T) {
	g, k := onGPU(t), inner(gpu.Float32)
	a, b := make([]float64, 16*k), make([]float64, 8*k)
	b[0] = 1
	want := make([]float64, 16*8)
	for row, v := range [][2]float64{
		{1 + 0x1p-11, 1 + 0x1p-10}, {-1 - 0x1p-11, -1 - 0x1p-10}, {1 + 0x1.ffep-12, 1},
		{2 - 0x1p-23, 2}, {0x1p-30, 0x1p-30},
	} {
		a[row*k], want[row*8] = v[0], v[1]
	}
	g.equal("d", g.product(gpu.Float32, a, b), want)
}
