package nntest

import (
	"bytes"
	"testing"

	"resnet/nn/safetensors"
)

// The reference agrees with PyTorch's float64 up to two roundings: values are stored as float32 (3.5e-8 at most, as an
// L2 norm), and batch norm's eps and momentum are float32, 5e-8 and 2e-8 from 1e-3 and 0.01, which the batch norms pass
// on to 1.1e-7 in the end. PyTorch in float32 is at 3e-7 to 1.5e-6.
func TestReferenceIsGolden(t *testing.T) {
	f, err := safetensors.New(bytes.NewReader(goldenSmall), int64(len(goldenSmall)), "small.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	const u = 2e-7
	compareGolden(t, NewReference(), f, bounds{logits: u, grad: u, step1: u, final: u, evalLogits: u, loss: u,
		sgdFinal: u, sgdLoss: u})
}
