package nntest

import (
	"testing"

	"resnet/nn"
)

func TestReference(t *testing.T) {
	skipUnderRace(t)
	RunAll(t, func(testing.TB) nn.Backend { return NewReference() })
}

// skipUnderRace skips a test of the reference, which is slow under the race detector and runs on one goroutine.
func skipUnderRace(t *testing.T) {
	t.Helper()
	if Race {
		t.Skip("one goroutine: nothing for the race detector")
	}
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
