//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// bindHidden binds the matrix products of a hidden layer. The head's kernels do its bias, its ReLU and their gradients.
func (c *binding) bindHidden(op nn.Linear) {
	s, p := c.prog.schedule, c.newMatrixProduct(op)
	c.prog.add(s.forward[c.index], p.forward)
	if !c.training() {
		return
	}
	dy := c.dy().Ptr
	c.prog.add(s.backward[c.index], func() error { return p.weightGradient(dy) })
	c.prog.add(s.backward[c.index], func() error { return p.dataGradient(dy) })
}

// bindHead binds all from the hidden layer's bias, or from the last linear layer where there is no hidden one, to the
// loss to one launch, and the gradients to another. The binding is that of the loss.
func (c *binding) bindHead(op nn.SoftmaxCrossEntropy) {
	f, s, k := c.prog.fusion, c.prog.schedule, c.backend.kernels
	t, n := c.backend.activationType(), &c.graph.Nodes[f.head]
	z := n.In[0]
	head := &kernels.Head{
		N: c.n, Features: c.graph.Elems(z, 1), Classes: c.graph.Classes, Z: c.data(z),
		Weight: c.parameter(n, 0), OutBias: c.parameter(n, 1), Labels: c.labels.Ptr, Metrics: c.metrics.Ptr,
		Logits: c.data(n.Out), Probs: c.data(c.node.Out),
		Scratch: c.prog.privateScratch("partial losses", kernels.HeadScratch),
	}
	head.On, head.Off = op.Targets(head.Classes)
	var dbias gpu.Ptr
	if f.hidden >= 0 {
		hidden := &c.graph.Nodes[f.hidden]
		head.Bias, head.ReLU = c.parameter(hidden, 1), true
		dbias = c.parameterGrad(hidden, 1)
	}
	if !c.training() {
		c.prog.add(s.forward[c.index], func() error { return k.Head(c.prog.stream, t, head) })
		return
	}
	head.Gradient = c.prog.privateScratch("gradient of the logits", 4*int64(c.n)*int64(head.Classes))
	if c.scale != nil {
		head.Scale = c.scale.Ptr
	}
	c.prog.add(s.forward[c.index], func() error { return k.Head(c.prog.stream, t, head) })
	dh, dweight, doutBias := c.grad(z), c.parameterGrad(n, 0), c.parameterGrad(n, 1)
	c.prog.add(s.backward[f.head], func() error {
		return k.HeadBackward(c.prog.stream, t, head, dh, dbias, dweight, doutBias)
	})
}
