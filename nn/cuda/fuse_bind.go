//go:build !nocuda

package cuda

import "resnet/nn"

// bindFused places the work of a node that shares kernels, as far as no other node does it; ok is false for a node that
// runs by itself.
func (c *binding) bindFused() (ok bool) {
	f := c.prog.fusion
	switch op := c.node.Op.(type) {
	case nn.Normalize:
		return c.index == f.normalize
	case nn.Conv:
		if c.index == f.stem {
			c.bindStem(op)
			return true
		}
		if f.onTensorCores[c.index] {
			c.bindFusedConv(op)
		}
		return f.onTensorCores[c.index]
	case nn.BatchNorm:
		if _, ok = f.appliedBy[c.index]; ok {
			c.bindFusedNorm()
		}
		return ok
	case nn.Add:
		if f.convOfAdd(c.index) < 0 {
			return false
		}
		if c.training() {
			c.prog.add(c.prog.schedule.backward[c.index], c.bindAdd(op).backward)
		}
		return true
	case nn.Linear:
		switch c.index {
		case f.head:
			return true // placed by the loss
		case f.hidden:
			c.bindHidden(op)
			return true
		}
	case nn.SoftmaxCrossEntropy:
		if f.head >= 0 {
			c.bindHead(op)
		}
		return f.head >= 0
	}
	return false
}

// placePreparation places what must be done before the first convolution on tensor cores: packing the weights, and in
// inference the states of lazy batch norms. It runs on side streams while the stem runs.
func (p *program) placePreparation(m nn.Mode) {
	e, k, t := p.exec, p.exec.backend.kernels, p.exec.backend.activationType()
	prepare := func(run func() error) {
		p.place(task{instruction: -1, at: -1, side: true, until: p.schedule.firstConv() - 1, run: run})
	}
	if w := &e.packed; w.copies > 0 {
		prepare(func() error {
			params := e.segments[nn.Params].Ptr
			return k.PackWeights(p.stream, t, w.weights.Ptr, params, w.table.Ptr, w.copies, w.maxElems)
		})
	}
	if m == nn.Eval && e.normCount > 0 {
		prepare(func() error { return k.NormInference(p.stream, e.normTable.Ptr, e.normCount, e.normMaxChannels) })
	}
}

// firstConv is the first instruction that reads packed weights or the state of a batch norm.
func (s *schedule) firstConv() int {
	for i := range s.fusion.graph.Nodes {
		if s.fusion.onTensorCores[i] {
			return s.forward[i]
		}
	}
	return s.last
}

// masksDX says whether the node masks dx by the ReLU of the Add that made its input.
func (c *binding) masksDX() bool {
	return c.prog.fusion != nil && c.prog.fusion.masked[c.node.In[0]]
}

// dyMasked says whether dy of an Add is already masked by the Add's ReLU.
func (c *binding) dyMasked() bool {
	return c.prog.fusion != nil && c.prog.fusion.masked[c.node.Out]
}
