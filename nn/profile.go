package nn

// InstructionTime is one instruction's share of the runs that were profiled.
type InstructionTime struct {
	Node    string // "blocks.0.conv1"; "update" for the optimiser
	Kind    string // "conv2d"; the optimiser's kind
	Phase   Phase
	Seconds float64 // summed over threads and runs
	FLOPs   int64   // over all runs; 0 for the update
	Bytes   int64   // over all runs, see Plan.BytesMoved
	// Shared says that it has no kernel of its own: others' kernels do its work and their time includes it, or there is
	// nothing to do.
	Shared bool
}

// InstructionFLOPs is what an instruction computes for one image: the op's forward cost, and as much again in backward
// for each gradient it makes. Passes that only move or mask data count nothing extra in backward.
func InstructionFLOPs(g *Graph, s Instruction) int64 {
	if s.Phase == Update {
		return 0
	}
	n := &g.Nodes[s.Node]
	flops := n.Op.FLOPs(g.InTypes(n))
	switch n.Op.(type) {
	case Conv, Linear:
		if s.Phase == Backward && g.NeedsGrad()[n.In[0]] {
			return 2 * flops
		}
	}
	return flops
}

// RunCounts counts runs by their number of images.
type RunCounts map[int]int64

// InstructionTimes describes the steps of a program; seconds are theirs.
func (r RunCounts) InstructionTimes(p *Plan, t Target, prog *Program,
	seconds func(step int) float64) []InstructionTime {
	g := p.Graph
	times := make([]InstructionTime, len(prog.Instructions))
	for i, s := range prog.Instructions {
		st := InstructionTime{Node: "update", Phase: s.Phase, Seconds: seconds(i)}
		if s.Phase == Update {
			st.Kind = p.Optimizer.Kind()
		} else {
			st.Node, st.Kind = g.Nodes[s.Node].Name, g.Nodes[s.Node].Op.Kind()
		}
		for images, runs := range r {
			st.FLOPs += runs * int64(images) * InstructionFLOPs(g, s)
			st.Bytes += runs * p.BytesMoved(t, prog, s, images)
		}
		times[i] = st
	}
	return times
}
