package nntest

import (
	"reflect"

	"resnet/nn"
)

// opReference is the reference of an op and its test cases.
type opReference struct {
	forward  func(op nn.Op, s step)
	backward func(op nn.Op, s step) // nil for an op whose input has no gradient
	cases    func() []*testCase
}

// opReferences has every op that the reference computes. An op's file registers its own.
var opReferences = map[reflect.Type]opReference{}

// register adds an op. Its backward adds to the gradients of the node's inputs and parameters. Ops of one file share
// their cases: one of them has the list, the others have nil.
func register[T nn.Op](forward, backward func(op T, s step), cases func() []*testCase) {
	r := opReference{forward: func(op nn.Op, s step) { forward(op.(T), s) }, cases: cases}
	if backward != nil {
		r.backward = func(op nn.Op, s step) { backward(op.(T), s) }
	}
	opReferences[reflect.TypeFor[T]()] = r
}

// referenceOf returns the reference of an op, without functions for an op that has none.
func referenceOf(op nn.Op) opReference { return opReferences[reflect.TypeOf(op)] }

// A step is what an op computes with: the tensors of a node and the first n images of the batch.
type step struct {
	*ReferenceExecutor
	node  *nn.Node
	mode  nn.Mode
	n     int
	needs []bool // by value, whether its gradient is needed
	y, dy images
}

func (e *ReferenceExecutor) step(node *nn.Node, m nn.Mode, n int, needs []bool) step {
	return step{e, node, m, n, needs, e.images(node.Out, nn.Data), e.images(node.Out, nn.Grad)}
}

func (s step) x(i int) images { return s.images(s.node.In[i], nn.Data) }

// dx is the gradient of input i, without memory if it needs none.
func (s step) dx(i int) images {
	if v := s.node.In[i]; !s.needs[v] {
		return images{Shape: s.graph.Type(v).Shape}
	}
	return s.images(s.node.In[i], nn.Grad)
}

func (s step) param(i int) []float64  { return s.tensors[nn.Data][s.node.Params[i]] }
func (s step) dparam(i int) []float64 { return s.tensors[nn.Grad][s.node.Params[i]] }
func (s step) saved(i int) []float64  { return s.tensors[nn.Data][s.node.Saved[i]] }
