package nntest

import "resnet/nn"

// images is a batch of activations or of their gradients in N, H, W, C order. The shape is that of one image.
type images struct {
	nn.Shape
	v []float64
}

// at is the index of channel c of pixel y, x of image n.
func (t images) at(n, y, x, c int) int { return ((n*t.H+y)*t.W+x)*t.C + c }

// pixel is the channels of pixel y, x of image n.
func (t images) pixel(n, y, x int) []float64 { return t.v[t.at(n, y, x, 0):][:t.C] }

// batch is the memory of the first n images.
func (t images) batch(n int) []float64 { return t.v[:n*t.Elems()] }

func (e *ReferenceExecutor) images(v nn.Value, role nn.Role) images {
	return images{e.graph.Type(v).Shape, e.tensors[role][v]}
}
