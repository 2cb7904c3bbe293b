package cpu

import (
	"fmt"
	"testing"
)

// TestTransforms compares every transform with float64, on grids with gaps between the vectors and guard zones around
// them, for channel counts with and without a partial vector.
func TestTransforms(t *testing.T) {
	input := [][]float64{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}}
	output := [][]float64{{1, 1, 1, 0}, {0, 1, -1, 1}}
	filter := [][]float64{{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}
	back := func(m [][]float64) [][]float64 {
		r := make([][]float64, len(m[0]))
		for i := range r {
			for _, row := range m {
				r[i] = append(r[i], row[i])
			}
		}
		return r
	}
	eachISA(t, func(t *testing.T, k *Kernels) {
		w := k.Winograd
		for _, f := range []struct {
			name   string
			f      TransformFunc
			matrix [][]float64
			add    bool
		}{
			{"Input", w.Input, input, false},
			{"Output", w.Output, output, false}, {"OutputAdd", w.OutputAdd, output, true},
			{"Gradient", w.Gradient, back(output), false}, {"Filter", w.Filter, filter, false},
			{"FilterGradient", w.FilterGradient, back(filter), false},
		} {
			for _, c := range []int{1, 3, 8, 15, 16, 17, 32, 41, 64} {
				r := newRand()
				n, m := len(f.matrix), len(f.matrix[0])
				srcCol, dstCol := c+3, c+1
				srcRow, dstRow := m*srcCol+5, n*dstCol+2
				src := random(r, (m-1)*(srcRow+srcCol)+c, 3)
				dst := random(r, (n-1)*(dstRow+dstCol)+c, 5)
				want := make([]float64, len(dst.v))
				tol := make([]float64, len(dst.v))
				for i, v := range dst.v {
					want[i] = float64(v) // what lies between the vectors must stay
				}
				for i := range n {
					for o := range n {
						for ch := range c {
							sum := 0.0
							for p := range m {
								for q := range m {
									sum += f.matrix[i][p] * f.matrix[o][q] * float64(src.v[p*srcRow+q*srcCol+ch])
								}
							}
							at := i*dstRow + o*dstCol + ch
							if f.add {
								sum += want[at]
							}
							want[at] = sum
							tol[at] = 16 * 6 * eps // up to 17 terms below 1, an intermediate sum below 16
						}
					}
				}
				f.f(c, &dst.v[0], dstRow, dstCol, &src.v[0], srcRow, srcCol)
				name := fmt.Sprintf("%s c=%d", f.name, c)
				near(t, name, dst.v, want, tol)
				dst.check(t, name)
				src.check(t, name)
			}
		}
	})
}
