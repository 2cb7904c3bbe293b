package nntest

import "resnet/nn"

// images is a batch of activations or of their gradients. The shape is one image's; memory is N, H, W, C.
type images struct {
	nn.Shape
	v []float64
}

// at is the index of image n's pixel y, x in channel c.
func (t images) at(n, y, x, c int) int { return ((n*t.H+y)*t.W+x)*t.C + c }

// pixel is the channels of image n's pixel y, x.
func (t images) pixel(n, y, x int) []float64 { return t.v[t.at(n, y, x, 0):][:t.C] }

// batch is the first n images' memory.
func (t images) batch(n int) []float64 { return t.v[:n*t.Elems()] }

func (e *ReferenceExecutor) images(v nn.Value, role nn.Role) images {
	return images{e.graph.Type(v).Shape, e.tensors[role][v]}
}

// known says whether forward and backward have the op.
func known(op nn.Op) bool {
	switch op.(type) {
	case nn.Normalize, nn.Conv, nn.BatchNorm, nn.ReLU, nn.Add, nn.AvgPool, nn.MaxPool, nn.GlobalAvgPool, nn.Linear,
		nn.SoftmaxCrossEntropy:
		return true
	}
	return false
}

func (e *ReferenceExecutor) forward(node *nn.Node, m nn.Mode, n int) {
	x, y := e.images(node.In[0], nn.Data), e.images(node.Out, nn.Data)
	param := func(i int) []float64 { return e.tensors[nn.Data][node.Params[i]] }
	saved := func(i int) []float64 { return e.tensors[nn.Data][node.Saved[i]] }
	switch op := node.Op.(type) {
	case nn.Normalize:
		inputForward(op, y, e.pixels, n)
	case nn.Conv:
		var bias []float64
		if op.Bias {
			bias = param(1)
		}
		convForward(op, y, x, param(0), bias, n)
	case nn.BatchNorm:
		mean, invstd := saved(0), saved(1)
		if m == nn.Eval {
			mean, invstd = batchNormRunning(op, param(2), param(3))
		} else {
			batchNormStatistics(op, x, param(2), param(3), mean, invstd, n)
		}
		e.rounding.round(mean, invstd)
		batchNormForward(op, y, x, param(0), param(1), mean, invstd, n)
	case nn.ReLU:
		reluForward(y, x, n)
	case nn.Add:
		addForward(op, y, x, e.images(node.In[1], nn.Data), n)
	case nn.AvgPool:
		avgPoolForward(op, y, x, n)
	case nn.MaxPool:
		maxPoolForward(op, y, x, saved(0), n)
	case nn.GlobalAvgPool:
		globalAvgPoolForward(y, x, n)
	case nn.Linear:
		linearForward(op, y, x, param(0), param(1), n)
	case nn.SoftmaxCrossEntropy:
		lossForward(op, y, x, e.labels, &e.metrics, n)
	}
}

// backward adds to the gradients of the node's inputs and parameters. An input that needs no gradient has a dx of no
// memory.
func (e *ReferenceExecutor) backward(node *nn.Node, n int, needs []bool) {
	x, y, dy := e.images(node.In[0], nn.Data), e.images(node.Out, nn.Data), e.images(node.Out, nn.Grad)
	param := func(i int) []float64 { return e.tensors[nn.Data][node.Params[i]] }
	dparam := func(i int) []float64 { return e.tensors[nn.Grad][node.Params[i]] }
	saved := func(i int) []float64 { return e.tensors[nn.Data][node.Saved[i]] }
	dx := func(i int) images {
		if !needs[node.In[i]] {
			return images{Shape: e.graph.Type(node.In[i]).Shape}
		}
		return e.images(node.In[i], nn.Grad)
	}
	switch op := node.Op.(type) {
	case nn.Conv:
		var dbias []float64
		if op.Bias {
			dbias = dparam(1)
		}
		convBackward(op, dx(0), dparam(0), dbias, dy, x, param(0), n)
	case nn.BatchNorm:
		batchNormReduce(op, dparam(0), dparam(1), dy, y, x, saved(0), saved(1), n)
		e.rounding.round(dparam(0), dparam(1))
		batchNormBackward(op, dx(0), dparam(0), dparam(1), dy, y, x, param(0), saved(0), saved(1), n)
	case nn.ReLU:
		reluBackward(dx(0), dy, y, n)
	case nn.Add:
		addBackward(op, dx(0), dx(1), dy, y, n)
	case nn.AvgPool:
		avgPoolBackward(op, dx(0), dy, n)
	case nn.MaxPool:
		maxPoolBackward(op, dx(0), dy, saved(0), n)
	case nn.GlobalAvgPool:
		globalAvgPoolBackward(dx(0), dy, n)
	case nn.Linear:
		linearBackward(op, dx(0), dparam(0), dparam(1), dy, y, x, param(0), n)
	case nn.SoftmaxCrossEntropy:
		lossBackward(op, dx(0), y, e.labels, n)
	}
}
