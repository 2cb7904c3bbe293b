package nntest

import (
	"testing"

	"resnet/nn"
)

func TestReference(t *testing.T) {
	RunAll(t, func(testing.TB) nn.Backend { return NewReference() })
}

func TestCasesHaveEveryOp(t *testing.T) {
	has := map[string]bool{}
	for _, c := range cases() {
		for _, n := range c.graph.Nodes {
			has[n.Op.Kind()] = true
		}
	}
	for _, op := range nn.Ops() {
		if !has[op.Kind()] {
			t.Errorf("no case has op %s", op.Kind())
		}
	}
}
