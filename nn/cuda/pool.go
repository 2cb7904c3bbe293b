//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// bindAvgPool takes cuDNN's average pooling, except where cuDNN lacks the type or the padding, or where dx must be
// masked by the ReLU of the Add that was pooled; then our own kernel.
func (c *binding) bindAvgPool(kh, kw, stride int, pad nn.Pad) (kernel, error) {
	x, y := c.in(0), c.out()
	g := pooling(x.shape, y.shape, kh, kw, stride, pad)
	if c.masksDX() || x.t == gpu.BFloat16 || pad.Top != pad.Bottom || pad.Left != pad.Right {
		return c.avgPoolKernel(x, y, g), nil
	}
	return c.avgPoolDNN(x, y, g)
}

func pooling(x, y nn.Shape, kh, kw, stride int, pad nn.Pad) kernels.Pool {
	g := kernels.Pool{
		H: x.H, W: x.W, C: x.C, OH: y.H, OW: y.W, KH: kh, KW: kw, StrideH: stride, StrideW: stride,
		Top: pad.Top, Left: pad.Left,
	}
	if stride == 0 {
		g.StrideH, g.StrideW = kh, kw
	}
	return g
}

func (c *binding) avgPoolDNN(x, y tensorPtr, g kernels.Pool) (kernel, error) {
	xd, err := c.descriptor(x.t, x.shape)
	if err != nil {
		return kernel{}, err
	}
	yd, err := c.descriptor(y.t, y.shape)
	if err != nil {
		return kernel{}, err
	}
	p, err := gpu.NewAvgPool(g.KH, g.KW, g.Top, g.Left, g.StrideH, g.StrideW)
	if err != nil {
		return kernel{}, err
	}
	c.closeWithProgram(p)
	k := kernel{forward: func() error { return c.backend.dnn.PoolForward(p, xd, x.Ptr, yd, y.Ptr) }}
	if dx, ok := c.dx(0); ok {
		// cuDNN asks for x and y, though the gradient of a mean does not depend on them. Their memory may hold other
		// tensors by now, so cuDNN gets any memory of that size.
		c.needScratch(x.bytes())
		dy := c.dy()
		k.backward = func() error {
			return c.backend.dnn.PoolBackward(p, yd, dy.Ptr, dy.Ptr, xd, c.workspace(), dx.Ptr, c.beta(0))
		}
	}
	return k, nil
}

func (c *binding) avgPoolKernel(x, y tensorPtr, g kernels.Pool) kernel {
	b := c.backend
	k := kernel{forward: func() error { return b.kernels.AvgPool(b.stream, x.t, y.Ptr, x.Ptr, g, c.n) }}
	if dx, ok := c.dx(0); ok {
		dy := c.dy()
		var mask gpu.Ptr
		if c.masksDX() {
			mask = x.Ptr
		}
		k.backward = func() error {
			return b.kernels.AvgPoolBackward(b.stream, dx.t, dx.Ptr, dy.Ptr, mask, g, c.accumulate(0), c.n)
		}
	}
	return k
}

// bindMaxPool binds our own kernel: the op defines which of several equal maxima gets the gradient, and cuDNN does not.
func (c *binding) bindMaxPool(op nn.MaxPool) kernel {
	b, x, y := c.backend, c.in(0), c.out()
	g := pooling(x.shape, y.shape, op.Kernel, op.Kernel, op.Stride, op.Pad)
	var index gpu.Ptr
	if c.training() {
		index = c.saved(0).Ptr
	}
	k := kernel{forward: func() error { return b.kernels.MaxPool(b.stream, x.t, y.Ptr, index, x.Ptr, g, c.n) }}
	if dx, ok := c.dx(0); ok {
		dy := c.dy()
		k.backward = func() error {
			return b.kernels.MaxPoolBackward(b.stream, dx.t, dx.Ptr, dy.Ptr, index, g, c.accumulate(0), c.n)
		}
	}
	return k
}
