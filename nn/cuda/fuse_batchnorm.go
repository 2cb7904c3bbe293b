//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// bindFusedNorm places the kernels that a lazy batch norm still needs: for its statistics, where the kernel that writes
// its input does not make them, and for its data gradient, where no other kernel computes that.
func (c *binding) bindFusedNorm() {
	f, s, k := c.prog.fusion, c.prog.schedule, c.backend.kernels
	t, x := c.backend.activationType(), c.in(0)
	rows, channels := x.rows(), x.shape.C
	if _, made := f.statsFrom[c.index]; !made && c.prog.Mode != nn.Eval {
		scratch := c.prog.privateScratch("partial sums of "+c.node.Name, kernels.NormScratch(rows, channels))
		norm := c.normForward(c.index)
		c.prog.place(task{instruction: s.forward[c.index], at: s.forward[c.index], run: func() error {
			return k.NormStatistics(c.prog.stream, t, x.Ptr, *norm, rows, channels, scratch)
		}})
	}
	dx, ok := c.dx(0)
	if _, added := f.gradAddedBy[c.index]; !ok || added || f.gradOnLoad(c.index) {
		return
	}
	g, state := c.grad(c.node.Out), c.normStates[c.index]
	mean, coefficients := state.Add(4*2*int64(channels)), state.Add(4*4*int64(channels))
	c.prog.place(task{instruction: s.backward[c.index], at: s.backward[c.index], run: func() error {
		gradient := kernels.BatchNormGradient{DY: g, X: x.Ptr, SaveMean: mean}
		return k.BatchNormBackward(c.prog.stream, t, dx.Ptr, gradient, coefficients, c.accumulate(0), rows, channels)
	}})
}

// gradOnLoad says whether the node that makes a lazy batch norm's input computes the batch norm's data gradient while
// its backward kernels load it.
func (f *fusion) gradOnLoad(norm int) bool {
	p := f.graph.Producer(f.graph.Nodes[norm].In[0])
	return p >= 0 && f.normAfter(p) == norm
}

// makeNorms allocates the states of all lazy batch norms (see kernels.NormBytes), and a table of them from which one
// launch prepares them for inference.
func (e *executor) makeNorms() error {
	if e.fusion == nil {
		return nil
	}
	e.normStates = map[int]gpu.Ptr{}
	var list []kernels.NormEntry
	for i := range e.graph.Nodes {
		if _, ok := e.fusion.appliedBy[i]; !ok {
			continue
		}
		n := &e.graph.Nodes[i]
		channels := e.graph.Type(n.Out).Shape.C
		var b *gpu.Buffer
		if err := e.alloc(&b, "state of a batch norm", kernels.NormBytes(channels)); err != nil {
			return err
		}
		e.normStates[i] = b.Ptr
		eps, _ := n.Op.(nn.BatchNorm).Numerics()
		list = append(list, kernels.NormEntry{
			Weight: e.slot(e.plan.Params[n.Params[0]]), Bias: e.slot(e.plan.Params[n.Params[1]]),
			RunningMean: e.slot(e.plan.Params[n.Params[2]]), RunningVar: e.slot(e.plan.Params[n.Params[3]]),
			Norm: b.Ptr, Eps: eps, C: uint32(channels),
		})
	}
	if e.normCount = len(list); e.normCount == 0 {
		return nil
	}
	for _, n := range list {
		e.normMaxChannels = max(e.normMaxChannels, int(n.C))
	}
	return e.uploadTable(&e.normTable, "table of batch norms", entries(list))
}

// normForward is what a kernel needs to finish a batch norm's statistics.
func (c *binding) normForward(norm int) *kernels.NormForward {
	n := &c.graph.Nodes[norm]
	eps, momentum := n.Op.(nn.BatchNorm).Numerics()
	return &kernels.NormForward{
		Norm: c.normStates[norm], Weight: c.parameter(n, 0), Bias: c.parameter(n, 1),
		RunningMean: c.parameter(n, 2), RunningVar: c.parameter(n, 3), Eps: eps, Momentum: momentum,
	}
}

// normBackward is what a kernel needs to finish the sums of a batch norm's gradient.
func (c *binding) normBackward(norm int) *kernels.NormBackward {
	n := &c.graph.Nodes[norm]
	return &kernels.NormBackward{
		Norm: c.normStates[norm], Weight: c.parameter(n, 0), ReLU: n.Op.(nn.BatchNorm).ReLU, Input: c.data(n.In[0]),
		DWeight: c.parameterGrad(n, 0), DBias: c.parameterGrad(n, 1),
	}
}

// parameter is the float32 memory of a parameter of any node, and parameterGrad its gradient's.
func (c *binding) parameter(n *nn.Node, i int) gpu.Ptr { return c.slot(c.plan.Params[n.Params[i]]) }
func (c *binding) parameterGrad(n *nn.Node, i int) gpu.Ptr {
	return c.slot(c.plan.ParamGrads[n.Params[i]])
}
