//go:build !nocuda

package cuda

import "resnet/nn"

// bindReLU binds y = max(x, 0) and dx (+)= dy where y > 0.
func (c *binding) bindReLU() kernel {
	b, x, y := c.backend, c.in(0), c.out()
	k := kernel{forward: func() error { return b.kernels.ReLU(b.stream, x.t, y.Ptr, x.Ptr, x.elems()) }}
	if dx, ok := c.dx(0); ok {
		dy := c.dy()
		k.backward = func() error {
			return b.kernels.ReLUBackward(b.stream, dx.t, dx.Ptr, dy.Ptr, y.Ptr, c.accumulate(0), dx.elems())
		}
	}
	return k
}

// bindAdd binds y = a + b, with ReLU max(a+b, 0), and da (+)= dy, db (+)= dy, masked by the ReLU. Gradients that share
// memory are written once.
func (c *binding) bindAdd(op nn.Add) kernel {
	b, x, z, y := c.backend, c.in(0), c.in(1), c.out()
	k := kernel{forward: func() error {
		return b.kernels.Add(b.stream, y.t, y.Ptr, x.Ptr, z.Ptr, op.ReLU, y.elems())
	}}
	if !c.training() {
		return k
	}
	dy := c.dy()
	relu := op.ReLU && !c.dyMasked()
	var passes []func() error
	written := map[tensorPtr]bool{}
	for i := range 2 {
		dx, ok := c.dx(i)
		if !ok || written[dx] && !c.accumulate(i) || !relu && dx.Ptr == dy.Ptr {
			continue
		}
		written[dx] = true
		passes = append(passes, c.passGrad(dx, dy, y, relu, c.accumulate(i)))
	}
	if len(passes) == 0 {
		return k
	}
	k.backward = inOrder(passes...)
	return k
}

// passGrad is dx (+)= dy, masked by the ReLU where there is one.
func (c *binding) passGrad(dx, dy, y tensorPtr, relu, accumulate bool) func() error {
	b := c.backend
	switch {
	case relu:
		return func() error {
			return b.kernels.ReLUBackward(b.stream, dx.t, dx.Ptr, dy.Ptr, y.Ptr, accumulate, dx.elems())
		}
	case accumulate:
		return func() error { return b.kernels.Accumulate(b.stream, dx.t, dx.Ptr, dy.Ptr, dx.elems()) }
	}
	return func() error { return b.stream.Copy(dx.Ptr, dy.Ptr, dx.bytes()) }
}
