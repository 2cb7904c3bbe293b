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

// bindFusedConv binds a convolution to our tensor-core kernels: a launch forward, one for the data gradient, and one
// for the weight gradient, which runs on a side stream.
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

// tensorCoreConv is a launch from in to out channels at the node's image size.
func (c *binding) tensorCoreConv(in, out, kernel int) *kernels.Convolution {
	s := c.shape(c.node.Out)
	return &kernels.Convolution{N: s.N, H: s.H, W: s.W, In: in, Out: out, Kernel: kernel}
}

// maxPlans is how many ways to cut a convolution into blocks are measured.
const maxPlans = 5

// tunedConvolution returns a function that launches conv, with private scratch memory. How it is cut into blocks (its
// Plan) is chosen for the plan's batch size.
func (c *binding) tunedConvolution(conv *kernels.Convolution) (run func() error) {
	t, k := c.backend.activationType(), c.backend.kernels
	withPlan := func(plan string) *kernels.Convolution {
		v := *conv
		v.Plan = plan
		return &v
	}
	plans := k.ConvolutionPlans(t, conv, maxPlans)
	scratch := int64(0)
	for _, p := range plans {
		scratch = max(scratch, k.ConvolutionScratch(t, withPlan(p)))
	}
	conv.Scratch = c.prog.privateScratch("partial sums of "+c.node.Name, scratch)
	candidates := make([]candidate, len(plans))
	for i, p := range plans {
		candidates[i] = candidate{name: p, run: func() error { return k.Convolution(c.prog.stream, t, withPlan(p)) }}
	}
	i, err := c.choose(c.convolutionKey(conv), candidates)
	if err != nil {
		c.prog.bindErr = errors.Join(c.prog.bindErr, err)
		return nil
	}
	conv.Plan = plans[i]
	return func() error { return k.Convolution(c.prog.stream, t, conv) }
}

// convolutionKey names all that the launch's speed depends on.
func (c *binding) convolutionKey(v *kernels.Convolution) string {
	parts := ""
	for _, p := range []struct {
		name string
		has  bool
	}{
		{" add", v.Add != 0}, {" stats", v.Stats != nil}, {" grad", v.Grad != nil}, {" join", v.Join != nil},
		{" mask", v.Mask != 0},
	} {
		if p.has {
			parts += p.name
		}
	}
	return fmt.Sprintf("fused n=%d c=%d h=%d w=%d k=%d r=%d operand=%d%s %v", c.plan.BatchFor(c.prog.Mode),
		v.In, v.H, v.W, v.Out, v.Kernel, v.Operand.Kind, parts, c.backend.activationType())
}

// placeForward places y = x * w, with the Add that the convolution does and the statistics that its kernel makes.
func (c *binding) placeForward(op nn.Conv) {
	f, s := c.prog.fusion, c.prog.schedule
	conv := c.tensorCoreConv(c.shape(c.node.In[0]).C, op.Out, op.Kernel)
	conv.Operand = c.operand()
	conv.Weight = c.packed.weights.Ptr.Add(c.packed.forward[c.node.Params[0]])
	conv.Y = c.data(c.node.Out)
	last := c.index // the node whose output the kernel writes
	if add, ok := f.adds[c.index]; ok {
		n := &c.graph.Nodes[add]
		other := n.In[0]
		if other == c.node.Out {
			other = n.In[1]
		}
		conv.Add, conv.ReLU, conv.Y = c.data(other), n.Op.(nn.Add).ReLU, c.data(n.Out)
		last = add
	}
	if b := f.statsFor(last); b >= 0 && c.prog.Mode != nn.Eval {
		conv.Stats = c.normForward(b)
	}
	until, side := s.residualBranch(c.index)
	c.prog.place(task{
		instruction: s.forward[c.index], at: s.forwardAt(c.index), side: side, until: until,
		run: c.tunedConvolution(conv),
	})
}

// placeDataGradient places dx = dy * wᵀ. If the convolution applies a batch norm, the launch also masks dx by its ReLU
// and makes the sums of its gradient. Otherwise it adds to the gradient that is there, or adds the data gradient of a
// batch norm that reads x too.
func (c *binding) placeDataGradient(op nn.Conv) {
	f, s := c.prog.fusion, c.prog.schedule
	x := c.node.In[0]
	conv := c.tensorCoreConv(op.Out, c.shape(x).C, op.Kernel)
	conv.Operand = c.gradient()
	conv.Weight = c.packed.weights.Ptr.Add(c.packed.backward[c.node.Params[0]])
	conv.Y = c.grad(x)
	t := task{instruction: s.backward[c.index], at: s.dataGradientAt(c.index)}
	if b := f.normBefore(c.index); b >= 0 {
		conv.Grad = c.normBackward(b)
		_, branch := s.residualBranch(c.index)
		t.until = s.normGradientAt(b) - 1
		t.side = branch && t.at < t.until
	} else {
		if b := f.addsGradOf(c.index); b >= 0 {
			dy := c.grad(c.graph.Nodes[b].Out)
			conv.Join = &kernels.NormGradientTerm{G: dy, Input: c.data(x), Norm: c.normStates[b]}
		} else if c.accumulate(0) {
			conv.Add = conv.Y
		}
		if f.masked[x] {
			conv.Mask = c.data(x)
		}
	}
	t.run = c.tunedConvolution(conv)
	c.prog.place(t)
}

// weightGradient is dw = x * dy.
func (c *binding) weightGradient(op nn.Conv) *kernels.WeightGradient {
	s := c.shape(c.node.Out)
	return &kernels.WeightGradient{
		N: s.N, H: s.H, W: s.W, In: c.shape(c.node.In[0]).C, Out: op.Out, Kernel: op.Kernel,
		Operand: c.operand(), Gradient: c.gradient(), DW: c.dparam(0),
	}
}

// placeWeightGradients places the weight gradients of all convolutions, a launch for each group, and before the update
// the launches that add up their partial sums.
func (p *program) placeWeightGradients() error {
	e, s := p.exec, p.schedule
	k, t := e.backend.kernels, e.backend.activationType()
	var all []*kernels.WeightGradient
	for _, g := range s.groups {
		var list []*kernels.WeightGradient
		for _, conv := range g.convs {
			p.gradients[conv].Room = p.room
			list = append(list, p.gradients[conv])
		}
		if err := k.ShareWeightGradients(t, list); err != nil {
			return err
		}
		for _, w := range list {
			w.Scratch = p.privateScratch("partial sums of weight gradients", k.WeightGradientScratch(t, w))
		}
		all = append(all, list...)
		p.place(task{instruction: s.backward[g.convs[0]], at: g.at, side: true, until: g.until, run: func() error {
			return k.WeightGradients(p.stream, t, list)
		}})
	}
	update := len(p.Instructions) - 1
	for list := range slices.Chunk(all, kernels.MostWeightSums) {
		p.add(update, func() error { return k.WeightGradientSums(p.stream, t, list) })
	}
	return nil
}

// operand is what a convolution reads: its input as it is, or the batch norm that it applies.
func (c *binding) operand() kernels.Operand {
	b := c.prog.fusion.normBefore(c.index)
	if b < 0 {
		return kernels.Operand{Kind: kernels.Plain, X: c.data(c.node.In[0])}
	}
	n := &c.graph.Nodes[b]
	return kernels.Operand{
		Kind: kernels.Normalized, X: c.data(n.In[0]), Norm: c.normStates[b], ReLU: n.Op.(nn.BatchNorm).ReLU,
	}
}

// gradient is dy of a convolution: as it is stored, or computed from dy of the lazy batch norm after it.
func (c *binding) gradient() kernels.Operand {
	b := c.prog.fusion.normAfter(c.index)
	if b < 0 {
		return kernels.Operand{Kind: kernels.Plain, X: c.grad(c.node.Out)}
	}
	n := &c.graph.Nodes[b]
	return kernels.Operand{Kind: kernels.NormGradient, X: c.grad(n.Out), Input: c.data(n.In[0]), Norm: c.normStates[b]}
}

// data and grad are the memory of a value and of its gradient.
func (c *binding) data(v nn.Value) gpu.Ptr { return c.slot(c.prog.Data[v]) }
func (c *binding) grad(v nn.Value) gpu.Ptr { return c.slot(c.prog.Grad[v]) }
