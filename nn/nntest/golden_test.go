package nntest

import (
	"bytes"
	"testing"

	"resnet/nn/safetensors"
)

// TestReferenceIsGolden: the reference agrees with PyTorch's float64 up to the rounding of the stored values to
// float32, which is up to 3.8e-8 as a relative L2 norm. PyTorch in float32 is at 3e-7 to 1.5e-6.
func TestReferenceIsGolden(t *testing.T) {
	skipUnderRace(t)
	f, err := safetensors.New(bytes.NewReader(goldenSmall), int64(len(goldenSmall)), "small.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	const u = 2e-7
	compareGolden(t, NewReference(), f, bounds{logits: u, grad: u, step1: u, final: u, evalLogits: u, loss: u,
		sgdFinal: u, sgdLoss: u})
}
