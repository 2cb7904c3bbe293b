package cpu

import "unsafe"

func portableWinograd() Winograd {
	input := [][]float32{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}}
	output := [][]float32{{1, 1, 1, 0}, {0, 1, -1, 1}}
	filter := [][]float32{{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}
	return Winograd{
		Input:          transformGo(input, false),
		Output:         transformGo(output, false),
		OutputAdd:      transformGo(output, true),
		Gradient:       transformGo(transposed(output), false),
		Filter:         transformGo(filter, false),
		FilterGradient: transformGo(transposed(filter), false),
	}
}

func transposed(m [][]float32) [][]float32 {
	t := make([][]float32, len(m[0]))
	for i := range t {
		for _, row := range m {
			t[i] = append(t[i], row[i])
		}
	}
	return t
}

// transformGo returns the transform by a matrix T of at most 4x4.
func transformGo(t [][]float32, add bool) TransformFunc {
	n, m := len(t), len(t[0])
	return func(c int, dst *float32, dstRow, dstCol int, src *float32, srcRow, srcCol int) {
		out := unsafe.Slice(dst, (n-1)*(dstRow+dstCol)+c)
		in := unsafe.Slice(src, (m-1)*(srcRow+srcCol)+c)
		for ch := range c {
			for i, coef := range t {
				var mid [4]float32
				for k, a := range coef {
					for j := range m {
						mid[j] += a * in[k*srcRow+j*srcCol+ch]
					}
				}
				for o, across := range t {
					var v float32
					for j, a := range across {
						v += a * mid[j]
					}
					if at := i*dstRow + o*dstCol + ch; add {
						out[at] += v
					} else {
						out[at] = v
					}
				}
			}
		}
	}
}
