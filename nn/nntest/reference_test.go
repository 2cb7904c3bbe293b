package nntest

import (
	"testing"

	"resnet/nn"
)

func TestReference(t *testing.T) {
	RunAll(t, func(testing.TB) nn.Backend { return NewReference() })
}
