//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// ownKernels names our own kernels among candidates.
const ownKernels = "own kernels"

func init() {
	register(func(c *binding, op nn.AvgPool) (kernel, error) {
		return c.bindAvgPool(op.Kernel, op.Kernel, op.Stride, op.Pad)
	})
	register(func(c *binding, _ nn.GlobalAvgPool) (kernel, error) {
		x := c.shape(c.node.In[0])
		return c.bindAvgPool(x.H, x.W, 1, nn.Pad{})
	})
	register(func(c *binding, op nn.MaxPool) (kernel, error) { return c.bindMaxPool(op), nil })
}

// bindAvgPool takes cuDNN's average pooling, except where cuDNN lacks the type or the padding, where dx must be masked
// by the ReLU of the Add that was pooled, or where cuDNN refuses; then our own kernel.
func (c *binding) bindAvgPool(kh, kw, stride int, pad nn.Pad) (kernel, error) {
	x, y := c.in(0), c.out()
	g := pooling(x.shape, y.shape, kh, kw, stride, pad)
	own := c.avgPoolKernel(x, y, g)
	if c.masksDX() || x.t == gpu.BFloat16 || pad.Top != pad.Bottom || pad.Left != pad.Right {
		return own, nil
	}
	dnn, scratch, refused := c.avgPoolDNN(x, y, g)
	if refused != nil && !errors.Is(refused, gpu.ErrRefused) {
		return kernel{}, refused
	}
	i, err := c.choose(c.avgPoolKey(g, x.t), []candidate{
		{name: dnnItself, refused: refused, scratch: scratch, ofDNN: true, run: dnn.forwardAndBackward()},
		{name: ownKernels, lastResort: true},
	})
	if err != nil || i != 0 {
		return own, err
	}
	c.needScratch(scratch)
	return dnn, nil
}

// avgPoolKey names the computation, for the record of a refusal.
func (c *binding) avgPoolKey(g kernels.Pool, t gpu.DataType) string {
	pass := "avgpool.eval"
	if c.training() {
		pass = "avgpool.train"
	}
	return fmt.Sprintf("%s n=%d c=%d h=%d w=%d window=%dx%d stride=%dx%d pad=%dx%d dx=%v %v", pass, c.plan.Batch, g.C,
		g.H, g.W, g.KH, g.KW, g.StrideH, g.StrideW, g.Top, g.Left, c.training() && c.needs[0], t)
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

// avgPoolDNN binds cuDNN's kernels, which need so many bytes of scratch memory.
func (c *binding) avgPoolDNN(x, y tensorPtr, g kernels.Pool) (k kernel, scratch int64, err error) {
	xd, err := c.descriptor(x.t, x.shape)
	if err != nil {
		return k, 0, err
	}
	yd, err := c.descriptor(y.t, y.shape)
	if err != nil {
		return k, 0, err
	}
	p, err := gpu.NewAvgPool(g.KH, g.KW, g.Top, g.Left, g.StrideH, g.StrideW)
	if err != nil {
		return k, 0, err
	}
	c.closeWithProgram(p)
	k = kernel{forward: func() error { return c.backend.dnn.PoolForward(p, xd, x.Ptr, yd, y.Ptr) }}
	if dx, ok := c.dx(0); ok {
		// cuDNN asks for x and y, though the gradient of a mean does not depend on them. Their memory may hold other
		// tensors by now, so cuDNN gets any memory of that size.
		scratch = x.bytes()
		dy := c.dy()
		k.backward = func() error {
			return c.backend.dnn.PoolBackward(p, yd, dy.Ptr, dy.Ptr, xd, c.workspace(), dx.Ptr, c.beta(0))
		}
	}
	return k, scratch, nil
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
