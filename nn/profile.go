package nn

// InstructionTime is the time and cost of one instruction over the profiled runs.
type InstructionTime struct {
	Node    string // "blocks.0.conv1"; "update" for the optimiser
	Kind    string // "conv2d"; the optimiser's kind
	Phase   Phase
	Seconds float64 // summed over threads and runs
	FLOPs   int64   // over all runs; 0 for the update
	Bytes   int64   // over all runs; see Plan.BytesMoved
	// Shared says that it has no kernel of its own: kernels of other instructions do its work, and their time includes
	// it, or there is nothing to do.
	Shared bool
}

// InstructionFLOPs is the cost of an instruction for one image. Forward is the op's own cost. Backward counts the same
// again, a convolution or linear layer for dw and once more for dx where that is computed.
func InstructionFLOPs(g *Graph, in Instruction) int64 {
	if in.Phase == Update {
		return 0
	}
	n := &g.Nodes[in.Node]
	flops := n.Op.FLOPs(g.InTypes(n))
	switch n.Op.(type) {
	case Conv, Linear:
		if in.Phase == Backward && g.NeedsGrad()[n.In[0]] {
			return 2 * flops
		}
	}
	return flops
}

// RunCounts is the number of runs for each number of images.
type RunCounts map[int]int64

// InstructionTimes describes the instructions of a program; seconds returns the time of each.
func (r RunCounts) InstructionTimes(p *Plan, target Target, prog *Program,
	seconds func(instruction int) float64) []InstructionTime {
	g := p.Graph
	times := make([]InstructionTime, len(prog.Instructions))
	for i, in := range prog.Instructions {
		t := InstructionTime{Node: "update", Phase: in.Phase, Seconds: seconds(i)}
		if in.Phase == Update {
			t.Kind = p.Optimizer.Kind()
		} else {
			t.Node, t.Kind = g.Nodes[in.Node].Name, g.Nodes[in.Node].Op.Kind()
		}
		for images, runs := range r {
			t.FLOPs += runs * int64(images) * InstructionFLOPs(g, in)
			t.Bytes += runs * p.BytesMoved(target, prog, in, images)
		}
		times[i] = t
	}
	return times
}
