package nntest

import "resnet/nn"

// OpGraph is a small network that has an op in its midst, or at the end that is the op's place.
func OpGraph(op nn.Op) (*nn.Graph, error) {
	b := &builder{Graph: nn.NewGraph("op", 3, 6, 6, 4)}
	x := b.add(nn.Normalize{}, b.Images)
	x = b.add(nn.Conv{Out: 4, Kernel: 1}, x)
	switch op.(type) {
	case nn.Normalize, nn.SoftmaxCrossEntropy: // every network has them
	default:
		if y := b.Type(x); accepts(op, y) {
			x = b.add(op, x)
		} else {
			x = b.add(op, x, b.add(nn.ReLU{}, x))
		}
	}
	b.Loss(nn.SoftmaxCrossEntropy{}, b.add(nn.Linear{Out: 4}, x))
	return b.Graph, b.Err()
}

// accepts says whether an op takes one input of a type.
func accepts(op nn.Op, in nn.Type) bool {
	_, err := op.Infer([]nn.Type{in})
	return err == nil
}
