//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"slices"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// bindFusedConv puts a convolution on our kernels: one launch forward, one for
// the data gradient, one for the weight gradient, which runs on the side.
func (c *binding) bindFusedConv(op nn.Conv) {
	c.placeForward(op)
	if !c.training() {
		return
	}
	c.prog.gradients[c.index] = c.weightGradient(op)
	if c.needs[0] {
		c.placeDataGradient(op)
	}
}

// convolution is a launch of in channels to out at the node's image size.
func (c *binding) tensorCoreConv(in, out, kernel int) *kernels.Convolution {
	s := c.shape(c.node.Out)
	return &kernels.Convolution{N: s.N, H: s.H, W: s.W, In: in, Out: out, Kernel: kernel}
}

// mostPlans is how many ways to cut a convolution into blocks are measured.
const maxPlans = 5

// launch makes a step of a convolution, with scratch memory of its own. What is
// cut how is chosen for the plan's batch size.
func (c *binding) tunedConvolution(conv *kernels.Convolution) (run func() error) {
	t, k := c.backend.activationType(), c.backend.kernels
	with := func(plan string) *kernels.Convolution {
		cut := *conv
		cut.Plan = plan
		return &cut
	}
	plans := k.ConvolutionPlans(t, conv, maxPlans)
	scratch := int64(0)
	for _, p := range plans {
		scratch = max(scratch, k.ConvolutionScratch(t, with(p)))
	}
	conv.Scratch = c.prog.privateScratch("sums of "+c.node.Name, scratch)
	candidates := make([]candidate, len(plans))
	for i, p := range plans {
		candidates[i] = candidate{name: p, run: func() error { return k.Convolution(c.prog.stream, t, with(p)) }}
	}
	i, err := c.choose(c.convolutionKey(conv), candidates)
	if err != nil {
		c.prog.bindErr = errors.Join(c.prog.bindErr, err)
		return nil
	}
	conv.Plan = plans[i]
	return func() error { return k.Convolution(c.prog.stream, t, conv) }
}

// launchKey is all that a launch's speed depends on.
func (c *binding) convolutionKey(v *kernels.Convolution) string {
	end := ""
	for _, e := range []struct {
		name string
		is   bool
	}{
		{" add", v.Add != 0}, {" stats", v.Stats != nil}, {" grad", v.Grad != nil}, {" join", v.Join != nil}, {" mask", v.Mask != 0},
	} {
		if e.is {
			end += e.name
		}
	}
	return fmt.Sprintf("fused n=%d c=%d h=%d w=%d k=%d r=%d operand=%d%s %v",
		c.plan.BatchFor(c.prog.Mode), v.In, v.H, v.W, v.Out, v.Kernel, v.Operand.Kind, end, c.backend.activationType())
}

// placeProduct is y = x * w, with the sum behind it and what the batch norm that
// reads it needs.
func (c *binding) placeForward(op nn.Conv) {
	f, s := c.prog.fusion, c.prog.schedule
	conv := c.tensorCoreConv(c.shape(c.node.In[0]).C, op.Out, op.Kernel)
	conv.Operand = c.operand()
	conv.Weight = c.packed.weights.Ptr.Add(c.packed.forward[c.node.Params[0]])
	conv.Y = c.data(c.node.Out)
	made := c.index
	if sum, ok := f.adds[c.index]; ok {
		n := &c.graph.Nodes[sum]
		other := n.In[0]
		if other == c.node.Out {
			other = n.In[1]
		}
		conv.Add, conv.ReLU, conv.Y = c.data(other), n.Op.(nn.Add).ReLU, c.data(n.Out)
		made = sum
	}
	if b := f.statsFor(made); b >= 0 && c.prog.Mode != nn.Eval {
		conv.Stats = c.normForward(b)
	}
	until, branch := s.residualBranch(c.index)
	c.prog.place(task{instruction: s.forward[c.index], at: s.forwardAt(c.index), side: branch, until: until, run: c.tunedConvolution(conv)})
}

// placeDataGradient is dx = dy * wᵀ. Behind a batch norm it is the gradient
// under the ReLU's mask, with the sums that the batch norm's gradient needs;
// else it is added to what is there, and a batch norm's that reads x as well to it.
func (c *binding) placeDataGradient(op nn.Conv) {
	f, s := c.prog.fusion, c.prog.schedule
	x := c.node.In[0]
	conv := c.tensorCoreConv(op.Out, c.shape(x).C, op.Kernel)
	conv.Operand = c.gradient()
	conv.Weight = c.packed.weights.Ptr.Add(c.packed.backward[c.node.Params[0]])
	conv.Y = c.grad(x)
	step := task{instruction: s.backward[c.index], at: s.dataGradientAt(c.index)}
	if b := f.normBefore(c.index); b >= 0 {
		conv.Grad = c.normBackward(b)
		_, branch := s.residualBranch(c.index)
		step.until = s.normGradientAt(b) - 1
		step.side = branch && step.at < step.until
	} else {
		if b := f.addsGradOf(c.index); b >= 0 {
			conv.Join = &kernels.NormGradientTerm{G: c.grad(c.graph.Nodes[b].Out), Input: c.data(x), Norm: c.normStates[b]}
		} else if c.accumulate(0) {
			conv.Add = conv.Y
		}
		if f.masked[x] {
			conv.Mask = c.data(x)
		}
	}
	step.run = c.tunedConvolution(conv)
	c.prog.place(step)
}

// weightGradient is dw = x * dy.
func (c *binding) weightGradient(op nn.Conv) *kernels.WeightGradient {
	s := c.shape(c.node.Out)
	return &kernels.WeightGradient{
		N: s.N, H: s.H, W: s.W, In: c.shape(c.node.In[0]).C, Out: op.Out, Kernel: op.Kernel,
		Operand: c.operand(), Gradient: c.gradient(), DW: c.dparam(0),
	}
}

// placeWeightGradients places the weight gradients of all convolutions, group by
// group, and what adds up their parts when all are made.
func (p *program) placeWeightGradients() error {
	e, s := p.exec, p.schedule
	k, t := e.backend.kernels, e.backend.activationType()
	var all []*kernels.WeightGradient
	for _, g := range s.groups {
		var list []*kernels.WeightGradient
		for _, conv := range g.convs {
			list = append(list, p.gradients[conv])
		}
		if err := k.ShareWeightGradients(t, list); err != nil {
			return err
		}
		for _, w := range list {
			w.Scratch = p.privateScratch("sums of weight gradients", k.WeightGradientScratch(t, w))
		}
		all = append(all, list...)
		p.place(task{instruction: s.backward[g.convs[0]], at: g.at, side: true, until: g.until, run: func() error {
			return k.WeightGradients(p.stream, t, list)
		}})
	}
	update := len(p.Instructions) - 1
	for list := range slices.Chunk(all, kernels.MostWeightSums) {
		p.place(task{instruction: update, at: update, run: func() error { return k.WeightGradientSums(p.stream, t, list) }})
	}
	return nil
}

// operand is what a convolution reads: its input, or the batch norm of it.
func (c *binding) operand() kernels.Operand {
	b := c.prog.fusion.normBefore(c.index)
	if b < 0 {
		return kernels.Operand{Kind: kernels.Plain, X: c.data(c.node.In[0])}
	}
	n := &c.graph.Nodes[b]
	return kernels.Operand{Kind: kernels.Normalized, X: c.data(n.In[0]), Norm: c.normStates[b], ReLU: n.Op.(nn.BatchNorm).ReLU}
}

// gradient is the gradient of a convolution's output: as it lies there, or made
// from that of the batch norm behind it.
func (c *binding) gradient() kernels.Operand {
	b := c.prog.fusion.normAfter(c.index)
	if b < 0 {
		return kernels.Operand{Kind: kernels.Plain, X: c.grad(c.node.Out)}
	}
	n := &c.graph.Nodes[b]
	return kernels.Operand{Kind: kernels.NormGradient, X: c.grad(n.Out), Input: c.data(n.In[0]), Norm: c.normStates[b]}
}

// data and grad are where a value and its gradient lie in the program.
func (c *binding) data(v nn.Value) gpu.Ptr { return c.slot(c.prog.Data[v]) }
func (c *binding) grad(v nn.Value) gpu.Ptr { return c.slot(c.prog.Grad[v]) }
