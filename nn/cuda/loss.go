//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

func init() {
	register(func(c *binding, op nn.SoftmaxCrossEntropy) (kernel, error) { return c.bindLoss(op), nil })
}

// bindLoss binds softmax and cross-entropy:
//
//	forward   p = softmax(z), metrics += loss, correct
//	backward  dz = (p - t) / n, times the loss scale in float16
func (c *binding) bindLoss(op nn.SoftmaxCrossEntropy) kernel {
	b, z, p := c.backend, c.in(0), c.out()
	classes := c.graph.Classes
	on, off := op.Targets(classes)
	target := func() kernels.Target { // the number of images may change from step to step
		return kernels.Target{Labels: c.labels.Ptr, On: on, Off: off, Classes: classes, N: c.n}
	}
	k := kernel{forward: func() error {
		return b.kernels.Loss(b.stream, z.t, p.Ptr, z.Ptr, target(), c.metrics.Ptr, c.lossScratch.Ptr)
	}}
	if dz, ok := c.dx(0); ok {
		var scale gpu.Ptr
		if c.scale != nil {
			scale = c.scale.Ptr
		}
		k.backward = func() error {
			return b.kernels.LossBackward(b.stream, dz.t, dz.Ptr, p.Ptr, target(), scale)
		}
	}
	return k
}
