package nn

import (
	"fmt"
	"math"

	"resnet/data/memory"
)

// Shape is the extent of a tensor in N, C, H, W order, whatever its layout in memory. Activations of a Graph have N =
// 1; a Plan multiplies by the batch. A convolution's weight is O, I, H, W as in PyTorch, a linear layer's out, in, 1,
// 1, a vector C, 1, 1, 1.
type Shape struct{ N, C, H, W int }

// The most that a network may have, so that sizes and costs are counted in 64 bits without overflow.
const (
	// maxElems limits the elements of all tensors together, of one image and of the batch of a plan. In bytes, with
	// gradients, optimiser states and a backend's padding, they are less than 2^12 times as much.
	maxElems = 1 << 50
	// maxFLOPs limits the forward cost of an image. A training step costs three times as much.
	maxFLOPs = 1 << 58
)

// product multiplies sizes, none of them negative. It is math.MaxInt64 where they overflow.
func product(sizes ...int) int64 {
	if p, ok := memory.Product(sizes...); ok {
		return p
	}
	return math.MaxInt64
}

// sum adds sizes. It is math.MaxInt64 where they overflow.
func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Elems is the number of elements, N*C*H*W. It does not overflow for a tensor of a Graph.
func (s Shape) Elems() int { return s.N * s.C * s.H * s.W }

func (s Shape) String() string { return fmt.Sprintf("%dx%dx%dx%d", s.N, s.C, s.H, s.W) }

// DType is the type of a tensor's elements.
type DType uint8

// The element types. Float32 is the zero value.
const (
	Float32 DType = iota
	Uint8
	Int32
)

// Size is the number of bytes of one element.
func (d DType) Size() int {
	if d == Uint8 {
		return 1
	}
	return 4
}

func (d DType) String() string { return [...]string{"float32", "uint8", "int32"}[d] }

// Type is the shape of a Value and the type of its elements.
type Type struct {
	Shape Shape
	DType DType
}
