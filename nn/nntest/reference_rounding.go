package nntest

import (
	"math/rand/v2"
	"slices"

	"resnet/nn"
)

// rounding makes a reference as inexact as a backend of less precision: each element that a step writes, and the sums
// that batch norm goes on with, are multiplied by 1 + u*r, with r uniform in ±1 and u the backend's unit roundoff
// (Monte Carlo arithmetic, Parker 1997). How far such runs stand from the exact one is how well conditioned each tensor
// is. A nil rounding does nothing.
type rounding struct {
	rng      *rand.Rand
	roundoff float64
}

func newRounding(seed uint64, roundoff float64) *rounding {
	return &rounding{rand.New(rand.NewPCG(seed, 0)), roundoff}
}

func (r *rounding) round(tensors ...[]float64) {
	if r == nil {
		return
	}
	for _, t := range tensors {
		for i := range t {
			t[i] *= 1 + r.roundoff*(2*r.rng.Float64()-1)
		}
	}
}

// step rounds what a step has written.
func (r *rounding) step(e *ReferenceExecutor, s nn.Instruction, n int, m nn.Mode) {
	if r == nil {
		return
	}
	g := e.graph
	perturb := func(v nn.Value, role nn.Role) {
		if t := e.tensors[role][v]; t != nil {
			r.round(t[:g.Elems(v, n)])
		}
	}
	switch s.Phase {
	case nn.Forward:
		node := &g.Nodes[s.Node]
		perturb(node.Out, nn.Data)
		for _, v := range node.Params {
			if m != nn.Eval && !g.Param(v).Trainable {
				perturb(v, nn.Data)
			}
		}
	case nn.Backward:
		for _, v := range slices.Concat(g.Nodes[s.Node].In, g.Nodes[s.Node].Params) {
			perturb(v, nn.Grad)
		}
	case nn.Update:
		if m != nn.Train {
			return
		}
		for _, v := range g.Parameters() {
			if g.Param(v).Trainable {
				for _, role := range []nn.Role{nn.Data, nn.Momentum, nn.SecondMoment} {
					perturb(v, role)
				}
			}
		}
	}
}
