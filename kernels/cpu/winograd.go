package cpu

import "unsafe"

// TransformFunc maps an m x m grid X of vectors of c float32 to the n x n grid T X Tᵀ, for a constant T. Vector (i, j)
// starts row*i + col*j float32s after the start of its grid. Nothing is checked: both grids must be valid memory.
type TransformFunc func(c int, dst *float32, dstRow, dstCol int, src *float32, srcRow, srcCol int)

// Winograd holds the transforms of F(2x2, 3x3) (Winograd 1980; Lavin and Gray 2016), which computes a 3x3 convolution
// of stride 1 with 16 multiplications for each 2x2 outputs instead of 36:
//
//	y = Output(Filter(w) ⊙ Input(x)),  dw = FilterGradient(Gradient(dy) ⊙ Input(x))
//
// with ⊙ a matrix product over channels at each of the 16 positions. The matrices T are
//
//	Input    1  0 -1  0    Output  1  1  1  0    Filter   1   0    0
//	         0  1  1  0            0  1 -1  1           0.5  0.5  0.5
//	         0 -1  1  0                                 0.5 -0.5  0.5
//	         0 -1  0  1                                   0   0    1
//
// and Gradient and FilterGradient are the transposes of Output and Filter.
type Winograd struct {
	Input          TransformFunc // 4x4 pixels -> 4x4
	Output         TransformFunc // 4x4 -> 2x2 pixels
	OutputAdd      TransformFunc // the same, added to dst
	Gradient       TransformFunc // 2x2 pixels -> 4x4
	Filter         TransformFunc // 3x3 weights -> 4x4
	FilterGradient TransformFunc // 4x4 -> 3x3 weights
}

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
