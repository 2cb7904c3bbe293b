package nn

import "fmt"

// ReLU is y = max(x, 0).
type ReLU struct{}

func (ReLU) Kind() string { return "relu" }

func (ReLU) Describe([]Type, Type) string { return "ReLU" }

func (ReLU) Infer(in []Type) (Signature, error) {
	return Signature{Out: in[0], ReadsY: true, GradInPlace: true}, nil
}

func (ReLU) FLOPs(in []Type) int64 { return int64(in[0].Shape.Elems()) }

// Add is y = a + b, the end of a residual block, and with ReLU max(a+b, 0).
type Add struct{ ReLU bool }

func (Add) Kind() string { return "add" }

func (op Add) Describe([]Type, Type) string { return "add" + describeReLU(op.ReLU) }

func (op Add) Infer(in []Type) (Signature, error) {
	if len(in) != 2 || in[0] != in[1] {
		return Signature{}, fmt.Errorf("add of %v and %v, want equal shapes", in[0].Shape, in[len(in)-1].Shape)
	}
	return Signature{Out: in[0], ReadsY: op.ReLU}, nil
}

func (op Add) FLOPs(in []Type) int64 {
	n := int64(in[0].Shape.Elems())
	if op.ReLU {
		n *= 2
	}
	return n
}
