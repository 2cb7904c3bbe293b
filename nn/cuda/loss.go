//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	"resnet/nn"
)

// bindLoss binds softmax and cross-entropy:
//
//	forward   p = softmax(z), metrics += loss, correct
//	backward  dz = (p - t) / n, times the loss scale in float16
func (c *binding) bindLoss(op nn.SoftmaxCrossEntropy) kernel {
	b, z, p := c.backend, c.in(0), c.out()
	classes := c.graph.Classes
	on, off := op.Targets(classes)
	k := kernel{forward: func() error {
		return b.kernels.Loss(b.stream, z.t, p.Ptr, z.Ptr, c.labels.Ptr, c.metrics.Ptr, c.lossScratch.Ptr,
			classes, c.n, on, off)
	}}
	if dz, ok := c.dx(0); ok {
		var scale gpu.Ptr
		if c.scale != nil {
			scale = c.scale.Ptr
		}
		k.backward = func() error {
			return b.kernels.LossBackward(b.stream, dz.t, dz.Ptr, p.Ptr, c.labels.Ptr, scale, classes, c.n, on, off)
		}
	}
	return k
}
