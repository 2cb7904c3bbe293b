package cpu

// TransformFunc maps an m x m grid X of vectors of c float32 to the n x n grid T X Tᵀ. Vector (i, j) of a grid lies
// row*i + col*j float32s after its start. Nothing is checked.
type TransformFunc func(c int, dst *float32, dstRow, dstCol int, src *float32, srcRow, srcCol int)

// Winograd holds the transforms of F(2x2, 3x3) (Winograd 1980; Lavin and Gray 2016): a 3x3 convolution of stride 1 in
// 16 multiplications for each 2x2 outputs, where the direct form has 36:
//
//	y = Output(Filter(w) ⊙ Input(x)),  dw = FilterGradient(Gradient(dy) ⊙ Input(x))
//
// with ⊙ a product of matrices over channels at each of the 16 positions. The matrices T are
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
	Filter         TransformFunc // 3x3 taps -> 4x4
	FilterGradient TransformFunc // 4x4 -> 3x3 taps
}
