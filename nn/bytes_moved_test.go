package nn_test

import (
	"testing"

	"resnet/nn"
)

// flatTarget has float32 tensors without padding; gradients share memory wherever they can.
type flatTarget struct{}

func (flatTarget) Bytes(g *nn.Graph, v nn.Value, _ nn.Role, batch int) int64 {
	return 4 * int64(g.Elems(v, batch))
}
func (flatTarget) AliasGrads(*nn.Graph, nn.Value, nn.Value) bool { return true }
func (flatTarget) Schedule(_ *nn.Graph, _ nn.Mode, list []nn.Instruction) []nn.Span {
	spans := make([]nn.Span, len(list))
	for i := range spans {
		spans[i] = nn.Span{Start: i, End: i}
	}
	return spans
}

// TestBytesMoved on a network that is small enough to count by hand: images of 2 channels and 4x4 pixels, two
// convolutions of one input, a sum, batch norm, a linear layer.
func TestBytesMoved(t *testing.T) {
	g := nn.NewGraph("small", 2, 4, 4, 3)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	x = g.Apply("stem", nn.Conv{Out: 8, Kernel: 1, Bias: true}, x)
	a := g.Apply("a", nn.Conv{Out: 8, Kernel: 3, Pad: nn.Padding(1)}, x)
	b := g.Apply("b", nn.Conv{Out: 8, Kernel: 1}, x)
	y := g.Apply("add", nn.Add{}, a, b)
	y = g.Apply("bn", nn.BatchNorm{ReLU: true}, y)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 3}, y))
	p, err := nn.NewPlan(g, nn.PlanConfig{Batch: 5, Optimizer: nn.NewAdam()}, flatTarget{})
	if err != nil {
		t.Fatal(err)
	}
	// Elements of an image in the network (wide) and before it (narrow).
	const n, wide, narrow = 5, 4 * 4 * 8, 4 * 4 * 2
	type key struct {
		node  string
		phase nn.Phase
		mode  nn.Mode
	}
	want := map[key]int64{
		{"input", nn.Forward, nn.Train}: n*narrow + 4*n*narrow, // bytes in, float32 out
		{"stem", nn.Forward, nn.Train}:  4 * (n*narrow + 8*2 + 8 + n*wide),
		{"a", nn.Forward, nn.Train}:     4 * (2*n*wide + 8*8*9),
		{"add", nn.Forward, nn.Train}:   4 * 3 * n * wide,
		// Weight and bias, running statistics both ways, two saved ones; in inference four parameters.
		{"bn", nn.Forward, nn.Train}:  4 * (2*n*wide + (2+4+2)*8),
		{"bn", nn.Forward, nn.Eval}:   4 * (2*n*wide + 4*8),
		{"fc", nn.Forward, nn.Train}:  4 * (n*wide + 3*wide + 3 + n*3),
		{"loss", nn.Forward, nn.Eval}: 4 * (n*3 + n + n*3),
		// Probabilities and labels to a gradient.
		{"loss", nn.Backward, nn.Train}: 4 * (n*3 + n + n*3),
		{"fc", nn.Backward, nn.Train}:   4 * (n*3 + 2*n*wide + 2*3*wide + 3),
		// x, y, dy, dx; weight, two saved, two gradients.
		{"bn", nn.Backward, nn.Train}: 4 * (4*n*wide + 5*8),
		// The gradients of its inputs share the memory of its output's.
		{"add", nn.Backward, nn.Train}: 0,
		// b comes first and stores its input's gradient, a adds to it.
		{"b", nn.Backward, nn.Train}: 4 * (3*n*wide + 2*8*8),
		{"a", nn.Backward, nn.Train}: 4 * (4*n*wide + 2*8*8*9),
		// The gradient of the images is not needed, so the weight is not read.
		{"stem", nn.Backward, nn.Train}: 4 * (n*wide + n*narrow + 8*2 + 8),
		// Adam reads the gradient, reads and writes the parameter and two states.
		{"", nn.Update, nn.Train}: 4 * 7 * (8*2 + 8 + 8*8*9 + 8*8 + 2*8 + 3*wide + 3),
	}
	for _, prog := range []*nn.Program{p.Train, p.Eval} {
		for _, in := range prog.Instructions {
			at := key{phase: in.Phase, mode: prog.Mode}
			if in.Phase != nn.Update {
				at.node = g.Nodes[in.Node].Name
			}
			got := p.BytesMoved(flatTarget{}, prog, in, n)
			if w, ok := want[at]; ok && got != w {
				t.Errorf("%s, %v, mode %v: %d bytes, want %d", at.node, in.Phase, prog.Mode, got, w)
			}
			delete(want, at)
		}
	}
	if len(want) != 0 {
		t.Errorf("no instructions for %v", want)
	}
}
