package onnx

import (
	"slices"
	"testing"
)

// All numbers are exact in float32: s = 3/sqrt(3.75+0.25) = 1.5 and -1/sqrt(0.75+0.25) = -1.
func TestFoldedNumbers(t *testing.T) {
	bn := batchNorm{weight: []float32{3, -1}, bias: []float32{5, 0.5}, mean: []float32{1, 2},
		variance: []float32{3.75, 0.75}, eps: 0.25}
	weight, bias := []float32{2, 4, 6, 8}, []float32{3, 10}
	for _, c := range []struct{ bias, want []float32 }{
		{nil, []float32{5 - 1.5*1, 0.5 + 2}},
		{bias, []float32{5 + 1.5*(3-1), 0.5 - (10 - 2)}},
	} {
		w, b := bn.fold(weight, c.bias)
		if !slices.Equal(w, []float32{3, 6, -6, -8}) || !slices.Equal(b, c.want) {
			t.Errorf("bias %v: folded to weight %v and bias %v, want [3 6 -6 -8] and %v", c.bias, w, b, c.want)
		}
	}
	if !slices.Equal(weight, []float32{2, 4, 6, 8}) || !slices.Equal(bias, []float32{3, 10}) {
		t.Errorf("folding changed its input: %v, %v", weight, bias)
	}
}

// In the seed network bn1 and bn2 can be folded; the batch norm of the shortcut cannot, because conv1 reads its input
// too.
func TestFoldTakesTheRightOnes(t *testing.T) {
	g := seedNetwork(t)
	graph := written(t, g, random(g), Options{Fold: true}).messages(t, 7)[0]
	left := map[string]bool{}
	for _, n := range graph.messages(t, 1) {
		if n.string(4) == "BatchNormalization" {
			left[n.string(3)] = true
		}
	}
	if len(left) != 4 || !left["blocks.0.shortcut.bn"] || !left["blocks.3.shortcut.bn"] {
		t.Errorf("batch norms left: %v, want the four shortcuts'", left)
	}
	names := map[string]bool{}
	for _, i := range graph.messages(t, 5) {
		names[i.string(8)] = true
	}
	// The 4 vectors of each of 8 folded batch norms are gone, and 8 biases are new.
	if want := len(g.Parameters()) - 8*4 + 8; len(names) != want || names["blocks.0.bn1.weight"] ||
		!names["blocks.0.conv1.bias"] {
		t.Errorf("%d initializers %v, want %d, among them blocks.0.conv1.bias", len(names), names, want)
	}
}
