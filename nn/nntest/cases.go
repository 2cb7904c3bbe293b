package nntest

import (
	"fmt"
	"sync"

	"resnet/nn"
)

// cases builds the test cases once; their graphs are only read.
var cases = sync.OnceValue(func() []*testCase {
	var list []*testCase
	for _, op := range nn.Ops() {
		if cases := referenceOf(op).cases; cases != nil {
			list = append(list, cases()...)
		}
	}
	list = append(list, optimizerCases()...)
	return append(append(list, networkCases()...), wideCases()...)
})

// A builder adds nodes and names them by kind and number.
type builder struct {
	*nn.Graph
	n int
}

func (b *builder) add(op nn.Op, in ...nn.Value) nn.Value {
	b.n++
	return b.Apply(fmt.Sprintf("%s%d", op.Kind(), b.n), op, in...)
}

// network is a graph with images of c channels, h x w, normalised to about zero mean and unit variance, followed by a
// body and a linear layer.
func network(c, h, w, classes int, loss nn.SoftmaxCrossEntropy, body func(b *builder, x nn.Value) nn.Value) *nn.Graph {
	b := &builder{Graph: nn.NewGraph("test", c, h, w, classes)}
	mean, std := make([]float32, c), make([]float32, c)
	for i := range c {
		mean[i], std[i] = 0.5+0.01*float32(i), 0.29-0.01*float32(i%8)
	}
	x := body(b, b.add(nn.Normalize{Mean: mean, Std: std}, b.Images))
	b.Loss(loss, b.add(nn.Linear{Out: classes}, x))
	if err := b.Err(); err != nil {
		panic(err)
	}
	return b.Graph
}

// opCase tests an op on an input of c channels, h x w, behind two convolutions: so the input has a gradient, and a
// padded convolution reads it.
func opCase(name string, c, h, w, batch int, body func(b *builder, x nn.Value) nn.Value) *testCase {
	g := network(2, h, w, 3, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		return body(b, b.add(nn.Conv{Out: c, Kernel: 3, Pad: nn.Padding(1)}, b.add(nn.Conv{Out: 3, Kernel: 1}, x)))
	})
	return newCase(name, g, batch)
}

// newCase computes gradients on a whole batch and then on a smaller one, which must not depend on what the larger one
// left in memory.
func newCase(name string, g *nn.Graph, batch int) *testCase {
	script := []action{{nn.Gradient, batch}, {nn.Eval, batch}}
	if batch > 1 {
		script = append(script, action{nn.Gradient, batch - 1}, action{nn.Eval, 1})
	}
	return &testCase{name: name, graph: g, batch: batch, opt: nn.SGD{}, script: script}
}
