package nntest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"resnet/nn"
)

const (
	// gradStep is the distance h of the differences. The formula's error is about h⁴ times the loss's fifth derivative,
	// and the loss's own, 1e-16 of about 1, comes in divided by h: 5e-12.
	gradStep = 2e-5
	// gradTolerance is relative to the largest gradient of the same tensor, gradFloor absolute: gradients that are zero
	// but for rounding, as those of a convolution before a batch norm of one pixel, have no scale.
	gradTolerance = 1e-7
	gradFloor     = 1e-9
	// gradSamples is how many elements of a tensor are checked.
	gradSamples = 6
	// gradBatch is the most images; batch norm's gradient needs a few.
	gradBatch = 3
	// gradCost keeps the check short: larger networks, in multiply-adds of an image, are left to the comparison of
	// RunAll.
	gradCost = 4e5
)

// TestGradients compares the reference's gradients with central differences of its loss, for every op: each case has
// parameters before the op, whose gradients pass through it. Whole networks have so many ReLUs that nearly every step
// crosses the kink of one.
func TestGradients(t *testing.T) {
	checked := map[string]int{}
	for _, c := range cases() {
		if c.isNetwork() || cost(c) > gradCost {
			continue
		}
		t.Run(c.name, func(t *testing.T) { checkGradients(t, c) })
		for _, n := range c.graph.Nodes {
			checked[n.Op.Kind()]++
		}
	}
	for _, op := range []nn.Op{nn.Conv{}, nn.BatchNorm{}, nn.ReLU{}, nn.Add{}, nn.AvgPool{}, nn.MaxPool{},
		nn.GlobalAvgPool{}, nn.Linear{}, nn.SoftmaxCrossEntropy{}} {
		if checked[op.Kind()] < 5 {
			t.Errorf("%s is in %d checked cases, want at least 5", op.Kind(), checked[op.Kind()])
		}
	}
}

// cost is the multiply-adds of an image, forward.
func cost(c *testCase) float64 {
	sum := int64(0)
	for i := range c.graph.Nodes {
		n := &c.graph.Nodes[i]
		sum += n.Op.FLOPs(c.graph.InTypes(n)) / 2
	}
	return float64(sum)
}

func checkGradients(t *testing.T, c *testCase) {
	s := c.start(t, NewReference(), true)
	e := s.exec.(*ReferenceExecutor)
	n := min(c.batch, gradBatch)
	writeBatch(t, e, c.graph, n, 7)
	must(t, e.Run(nn.Gradient, n))
	base := pieces(e)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, v := range c.graph.Parameters() {
		if !c.graph.Param(v).Trainable {
			continue
		}
		name := c.graph.ValueName(v)
		p, grad := e.Float64s(nn.Ref{Value: v}), slices.Clone(e.Float64s(nn.Ref{Value: v, Role: nn.Grad}))
		scale := 0.0
		for _, g := range grad {
			scale = max(scale, math.Abs(g))
		}
		order := rng.Perm(len(p))
		done := 0
		for _, i := range order[:min(len(order), 10*gradSamples)] {
			numeric, smooth := difference(e, &p[i], n, base)
			if !smooth {
				continue
			}
			if d := math.Abs(numeric - grad[i]); !(d <= gradTolerance*scale+gradFloor) {
				t.Errorf("%s[%d]: gradient %.12g, difference quotient %.12g, apart by %.1e where the largest is %.1e",
					name, i, grad[i], numeric, d, scale)
			}
			if done++; done == gradSamples {
				break
			}
		}
		if done == 0 {
			t.Errorf("%s: no element of which a small change crosses no kink", name)
		}
	}
}

// difference is the five-point central difference of the loss with respect to *p. It is not smooth where a ReLU or a
// maximum changes its mind on the way: there the quotient says nothing about the gradient.
func difference(e *ReferenceExecutor, p *float64, n int, base []float64) (d float64, smooth bool) {
	at := *p
	defer func() { *p = at }()
	smooth = true
	loss := func(steps float64) float64 {
		*p = at + steps*gradStep
		e.metrics = [2]float64{}
		for i := range e.graph.Nodes {
			e.forward(&e.graph.Nodes[i], nn.Gradient, n)
		}
		smooth = smooth && slices.Equal(pieces(e), base)
		return e.metrics[0] / float64(n)
	}
	d = (8*(loss(1)-loss(-1)) - (loss(2) - loss(-2))) / (12 * gradStep)
	return d, smooth
}

// pieces tells which of its smooth pieces the network is on: the sign of every output that a ReLU made, the place of
// every maximum.
func pieces(e *ReferenceExecutor) []float64 {
	var list []float64
	for i := range e.graph.Nodes {
		n := &e.graph.Nodes[i]
		relu := false
		switch op := n.Op.(type) {
		case nn.ReLU:
			relu = true
		case nn.BatchNorm:
			relu = op.ReLU
		case nn.Add:
			relu = op.ReLU
		case nn.Linear:
			relu = op.ReLU
		case nn.MaxPool:
			list = append(list, e.Float64s(nn.Ref{Value: n.Saved[0]})...)
		}
		if relu {
			for _, y := range e.Float64s(nn.Ref{Value: n.Out}) {
				sign := 0.0
				if y > 0 {
					sign = 1
				}
				list = append(list, sign)
			}
		}
	}
	return list
}
