package cpu

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
