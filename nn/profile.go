package nn

// A Profiler is an Executor that can tell where the time of a step goes.
type Profiler interface {
	// Profile starts counting anew, or stops. It slows a step a little.
	Profile(on bool)
	// Profiled is what each step of the last program has taken since.
	Profiled() []StepTime
}

// StepTime is one step's share of the runs that were profiled.
type StepTime struct {
	Node    string // "blocks.0.conv1"; "update" for the optimiser
	Kind    string // "conv2d"; the optimiser's kind
	Phase   Phase
	Seconds float64 // summed over threads and runs
	FLOPs   int64   // over all runs; 0 for the update
}

// StepFLOPs is what a step computes for one image: the op's forward cost, and
// as much again in backward for each gradient it makes. Passes that only move
// or mask data count nothing extra in backward.
func StepFLOPs(g *Graph, s Step) int64 {
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

func (e *cpuExecutor) Profile(on bool) {
	e.profiling, e.profiled = on, 0
	steps := len(e.plan.Eval.Steps)
	if e.plan.Train != nil {
		steps = len(e.plan.Train.Steps)
	}
	for _, w := range e.pool.workers {
		w.times = make([]int64, steps)
	}
}

func (e *cpuExecutor) Profiled() []StepTime {
	if e.last == nil {
		return nil
	}
	var times []StepTime
	for i, s := range e.last.Steps {
		t := StepTime{Node: "update", Phase: s.Phase, FLOPs: StepFLOPs(e.graph, s) * e.profiled}
		if s.Phase == Update {
			t.Kind = e.plan.Optimizer.Kind()
		} else {
			t.Node, t.Kind = e.graph.Nodes[s.Node].Name, e.graph.Nodes[s.Node].Op.Kind()
		}
		for _, w := range e.pool.workers {
			t.Seconds += float64(w.times[i]) / 1e9
		}
		times = append(times, t)
	}
	return times
}
