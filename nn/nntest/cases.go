package nntest

import (
	"fmt"
	"sync"

	"resnet/nn"
)

// cases are built once; the graphs are only read.
var cases = sync.OnceValue(func() []*testCase {
	var list []*testCase
	list = append(list, inputCases()...)
	list = append(list, convCases()...)
	list = append(list, batchNormCases()...)
	list = append(list, elementwiseCases()...)
	list = append(list, poolCases()...)
	list = append(list, linearCases()...)
	list = append(list, lossCases()...)
	list = append(list, optimizerCases()...)
	return append(append(list, networkCases()...), wideCases()...)
})

// A builder adds nodes with names of their own: the kind and a number.
type builder struct {
	*nn.Graph
	n int
}

func (b *builder) add(op nn.Op, in ...nn.Value) nn.Value {
	b.n++
	return b.Apply(fmt.Sprintf("%s%d", op.Kind(), b.n), op, in...)
}

// network is a graph of images of c channels, h x w, normalised to about zero mean and unit variance, a body, and a
// linear layer to the classes.
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

// opCase is one op under test, of c channels, h x w, behind two convolutions of the images: the op's input has a
// gradient, which a padded convolution reads.
func opCase(name string, c, h, w, batch int, body func(b *builder, x nn.Value) nn.Value) *testCase {
	g := network(2, h, w, 3, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
		return body(b, b.add(nn.Conv{Out: c, Kernel: 3, Pad: nn.Padding(1)}, b.add(nn.Conv{Out: 3, Kernel: 1}, x)))
	})
	return newCase(name, g, batch)
}

// newCase takes gradients on a whole and, after it, on a smaller batch: what the larger one left in memory must not
// matter.
func newCase(name string, g *nn.Graph, batch int) *testCase {
	script := []action{{nn.Gradient, batch}, {nn.Eval, batch}}
	if batch > 1 {
		script = append(script, action{nn.Gradient, batch - 1}, action{nn.Eval, 1})
	}
	return &testCase{name: name, graph: g, batch: batch, opt: nn.SGD{}, script: script}
}

func inputCases() []*testCase {
	classify := func(in nn.Normalize, c, h, w int) *nn.Graph {
		g := nn.NewGraph("test", c, h, w, 4)
		x := g.Apply("input", in, g.Images)
		g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 4}, x))
		return g
	}
	return []*testCase{
		newCase("input/plain 1x28x28", classify(nn.Normalize{}, 1, 28, 28), 5),
		newCase("input/plain 3x5x7", classify(nn.Normalize{}, 3, 5, 7), 2),
		newCase("input/mean and std 3x9x30",
			classify(nn.Normalize{Mean: []float32{0.4, 0.5, 0.6}, Std: []float32{0.2, 0.25, 0.3}}, 3, 9, 30), 3),
		newCase("input/mean alone 2x1x1", classify(nn.Normalize{Mean: []float32{0.25, 0.75}}, 2, 1, 1), 8),
	}
}

func convCases() []*testCase {
	same := func(k int) nn.Pad { return nn.Padding(k / 2) }
	var list []*testCase
	for _, c := range []struct {
		in, h, w, out, kernel, stride, batch int
		pad                                  nn.Pad
		bias                                 bool
	}{
		{1, 28, 28, 3, 3, 1, 2, same(3), false},
		{3, 5, 7, 1, 3, 1, 5, same(3), true},
		{5, 9, 30, 7, 3, 2, 3, nn.Same(9, 30, 3, 2), false},
		{7, 14, 14, 16, 1, 1, 8, nn.Pad{}, false},
		{10, 14, 14, 20, 1, 2, 5, nn.Pad{}, true},
		{16, 9, 30, 24, 1, 3, 2, nn.Pad{}, false},
		{20, 5, 7, 33, 3, 3, 5, nn.Pad{}, false},
		{24, 7, 5, 10, 5, 1, 2, same(5), true},
		{33, 5, 7, 48, 3, 2, 3, same(3), false},
		{48, 5, 7, 64, 3, 1, 2, same(3), false},
		{64, 7, 7, 16, 1, 1, 5, nn.Pad{}, false},
		{16, 1, 1, 64, 1, 1, 33, nn.Pad{}, true},
		{64, 1, 1, 33, 3, 1, 8, same(3), false},
		{16, 14, 14, 16, 3, 1, 1, same(3), true},
		{32, 14, 14, 32, 3, 1, 2, same(3), false},
		{130, 3, 3, 17, 1, 1, 5, nn.Pad{}, false},
		{17, 3, 3, 130, 3, 1, 2, same(3), false},
		{3, 28, 28, 10, 7, 2, 2, nn.Padding(3), false},
		{3, 28, 28, 10, 7, 2, 1, nn.Pad{Top: 3, Left: 2, Bottom: 1, Right: 4}, false},
		{5, 9, 30, 5, 7, 1, 2, same(7), true},
		{4, 8, 8, 6, 2, 1, 5, nn.Pad{}, false},
		{6, 9, 11, 4, 2, 3, 5, nn.Pad{}, true},
		{3, 7, 9, 5, 4, 2, 3, nn.Pad{Top: 1, Left: 2, Right: 1}, false},
		{5, 6, 6, 7, 3, 2, 8, nn.Pad{Bottom: 1, Right: 1}, false},
		{5, 6, 6, 7, 3, 2, 8, nn.Pad{Top: 1, Left: 1}, false},
		{3, 8, 8, 4, 3, 2, 5, nn.Pad{}, false}, // the last row and column are never seen
		// An even output of an odd input, and the reverse, by padding of one side.
		{16, 9, 7, 24, 3, 1, 3, nn.Pad{Top: 1, Left: 1}, false},
		{16, 9, 7, 24, 3, 1, 3, nn.Pad{Top: 1, Left: 2, Bottom: 2, Right: 1}, true},
		{16, 8, 6, 24, 3, 1, 3, nn.Pad{Bottom: 1, Right: 1}, false},
		{16, 10, 8, 24, 3, 1, 3, nn.Pad{}, false},
		{16, 6, 4, 24, 3, 1, 3, nn.Padding(2), true},
		{8, 13, 11, 12, 5, 3, 2, nn.Pad{Top: 2, Bottom: 1, Right: 2}, true},
		{2, 5, 5, 3, 3, 1, 3, nn.Padding(3), true}, // outputs that see padding alone
		{4, 5, 7, 6, 1, 2, 3, nn.Padding(1), true},
		{8, 3, 3, 24, 3, 1, 33, same(3), false},
	} {
		name := fmt.Sprintf("conv2d/%dx%dx%d to %d kernel %d stride %d pad %d,%d,%d,%d batch %d", c.in, c.h, c.w, c.out,
			c.kernel, c.stride, c.pad.Top, c.pad.Left, c.pad.Bottom, c.pad.Right, c.batch)
		op := nn.Conv{Out: c.out, Kernel: c.kernel, Stride: c.stride, Pad: c.pad, Bias: c.bias}
		list = append(list, opCase(name, c.in, c.h, c.w, c.batch, func(b *builder, x nn.Value) nn.Value {
			return b.add(op, x)
		}))
	}
	for _, op := range []nn.Conv{{Out: 16, Kernel: 3, Stride: 2, Pad: nn.Same(28, 28, 3, 2)},
		{Out: 5, Kernel: 7, Stride: 2, Pad: nn.Padding(3), Bias: true}} {
		g := network(1, 28, 28, 3, nn.SoftmaxCrossEntropy{}, func(b *builder, x nn.Value) nn.Value {
			return b.add(op, x)
		})
		list = append(list, newCase(fmt.Sprintf("conv2d/on images kernel %d", op.Kernel), g, 3))
	}
	return list
}
