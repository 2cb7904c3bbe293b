package nntest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"resnet/nn"
)

const (
	// gradStep is the step h of the differences. The error of the formula is about h⁴ times the fifth derivative of the
	// loss; rounding of the loss, 1e-16 of about 1, is divided by h: 5e-12.
	gradStep = 2e-5
	// gradTolerance is relative to the largest gradient of the same tensor. gradFloor is absolute, for gradients that
	// are zero except for rounding, such as those of a convolution before a batch norm of one pixel.
	gradTolerance = 1e-7
	gradFloor     = 1e-9
	// gradSamples is the number of elements of a tensor that are checked.
	gradSamples = 6
	// gradBatch is the largest batch; batch norm's gradient needs a few images.
	gradBatch = 3
	// gradCost is the largest number of multiply-adds for an image. It keeps the check short; RunAll compares larger
	// networks.
	gradCost = 4e5
)

// TestGradients compares the reference's gradients with central differences of its loss, for every op: each case has
// parameters before the op, whose gradients pass through it. Whole networks are left out, because they have so many
// ReLUs that nearly every difference crosses the kink of one.
func TestGradients(t *testing.T) {
	skipUnderRace(t)
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
	for _, op := range nn.Ops() {
		if _, ok := op.(nn.Normalize); ok {
			continue // nothing needs the gradient of images
		}
		if checked[op.Kind()] < 5 {
			t.Errorf("%s is in %d checked cases, want at least 5", op.Kind(), checked[op.Kind()])
		}
	}
}

// cost is the number of multiply-adds of a forward pass for one image.
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
			t.Errorf("%s: every element's difference crosses a kink", name)
		}
	}
}

// difference is the five-point central difference of the loss with respect to *p. smooth is false if a ReLU or a
// maximum switches within it: then the quotient does not approximate the gradient.
func difference(e *ReferenceExecutor, p *float64, n int, base []float64) (d float64, smooth bool) {
	at := *p
	defer func() { *p = at }()
	smooth = true
	loss := func(steps float64) float64 {
		*p = at + steps*gradStep
		e.metrics = [2]float64{}
		for i := range e.graph.Nodes {
			node := &e.graph.Nodes[i]
			referenceOf(node.Op).forward(node.Op, e.step(node, nn.Gradient, n, nil))
		}
		smooth = smooth && slices.Equal(pieces(e), base)
		return e.metrics[0] / float64(n)
	}
	d = (8*(loss(1)-loss(-1)) - (loss(2) - loss(-2))) / (12 * gradStep)
	return d, smooth
}

// pieces identifies the smooth piece of the loss function at the current parameters by the sign of every ReLU's output
// and the index of every maximum.
func pieces(e *ReferenceExecutor) []float64 {
	var list []float64
	for i := range e.graph.Nodes {
		n := &e.graph.Nodes[i]
		if _, ok := n.Op.(nn.MaxPool); ok {
			list = append(list, e.Float64s(nn.Ref{Value: n.Saved[0]})...)
		}
		if rectifies(n.Op) {
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
