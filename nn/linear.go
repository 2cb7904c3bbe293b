package nn

import "fmt"

// Linear is y = x weightᵀ + bias, and with ReLU max(y, 0). It flattens its input: the columns of weight (out, in) are
// in C, H, W order, as PyTorch's flatten has them, whatever the order in memory.
type Linear struct {
	Out  int
	ReLU bool
	Init Init // of the weight; the zero value is HeNormal
}

func (Linear) Kind() string { return "linear" }

func (op Linear) Describe(in []Type, _ Type) string {
	return fmt.Sprintf("linear, %d → %d%s", in[0].Shape.Elems(), op.Out, describeReLU(op.ReLU))
}

func (op Linear) Infer(in []Type) (Signature, error) {
	x := in[0].Shape
	if op.Out < 1 {
		return Signature{}, fmt.Errorf("linear with %d outputs, want at least 1", op.Out)
	}
	return Signature{
		Out: Type{Shape: Shape{x.N, op.Out, 1, 1}},
		Params: []Param{
			{Name: "weight", Shape: Shape{op.Out, x.C * x.H * x.W, 1, 1}, Dims: 2, Init: op.Init, Trainable: true,
				Decay: true, Flat: x},
			vector("bias", op.Out, Zeros, true),
		},
		ReadsX: true, ReadsY: op.ReLU, Product: true,
	}, nil
}

func (op Linear) FLOPs(in []Type) int64 { return product(2, op.Out, in[0].Shape.Elems()) }
