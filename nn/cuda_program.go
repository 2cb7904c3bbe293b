//go:build !nocuda

package nn

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"resnet/gpu"
	"resnet/kernels/cuda"
)

// cudaProgram is a Program bound for one number of images: cuDNN's descriptors
// hold it, and so does a captured graph. All programs of an executor share its
// memory.
type cudaProgram struct {
	*Program
	exec  *cudaExecutor
	n     int
	steps []cudaStep
	owned []interface{ Close() error } // descriptors
	// After a first run step by step, in which libraries load what they need, a
	// step is one graph, and a group of steps on one data set is one too.
	warm     bool
	graph    *gpu.Graph
	group    *gpu.Graph
	groupSet int

	fusion    *cudaFusion                  // nil: every node by itself
	schedule  *cudaSchedule                // with fusion: when its work runs
	gradients map[int]*cuda.WeightGradient // by convolution
	lane      *gpu.Stream                  // that the step being run is to use
	branches  *branches                    // what captured steps fork with
	failed    error                        // the first that placing work met
}

// cudaStep is work of a step of the plan, or of -1: what comes before the first.
type cudaStep struct {
	index int
	at    int // the step of the plan at which it runs
	// side work may run beside that of the main stream, from `at` on; before the
	// step of the plan behind `until` the main stream waits for it.
	side  bool
	until int
	run   func() error
}

type programKey struct {
	mode Mode
	n    int
}

// program binds a program for n images, once.
func (e *cudaExecutor) program(m Mode, n int) (*cudaProgram, error) {
	key := programKey{m, n}
	if p := e.programs[key]; p != nil {
		return p, nil
	}
	fusion, err := e.fusionFor(m)
	if err != nil {
		return nil, err
	}
	p, err := e.newProgram(m, n, fusion)
	if err != nil {
		return nil, err
	}
	e.programs[key] = p
	return p, e.growScratch(e.need)
}

// newProgram binds a program.
func (e *cudaExecutor) newProgram(m Mode, n int, fusion *cudaFusion) (*cudaProgram, error) {
	p := &cudaProgram{Program: e.plan.Train, exec: e, n: n, fusion: fusion, lane: e.backend.stream}
	if m == Eval {
		p.Program = e.plan.Eval
	}
	if fusion != nil {
		p.schedule = newCUDASchedule(fusion, p.Steps)
		p.gradients = map[int]*cuda.WeightGradient{}
	}
	if err := p.bind(m); err != nil {
		return nil, errors.Join(err, closeAll(p.owned))
	}
	return p, nil
}

func (p *cudaProgram) bind(m Mode) error {
	e, g := p.exec, p.exec.graph
	needs := g.NeedsGrad()
	backward := make([]Step, len(g.Nodes))
	for i := range backward {
		backward[i].Node = -1
	}
	for _, s := range p.Steps {
		if s.Phase == Backward {
			backward[s.Node] = s
		}
	}
	bound := make([]cudaKernel, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		c := &cudaBinding{cudaExecutor: e, prog: p, index: i, node: n, step: backward[i], needs: make([]bool, len(n.In)), n: p.n}
		for k, v := range n.In {
			c.needs[k] = needs[v]
		}
		if p.fusion != nil && c.bindFused() {
			continue
		}
		var err error
		if bound[i], err = c.bind(); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	if p.fusion != nil {
		p.placePreparation(m)
		if err := p.placeWeightGradients(); err != nil {
			return err
		}
	}
	for i, s := range p.Steps {
		switch s.Phase {
		case Forward:
			p.add(i, bound[s.Node].forward)
		case Backward:
			p.add(i, bound[s.Node].backward)
		case Update:
			for _, f := range e.bindUpdate(m == Train) {
				p.add(i, f)
			}
		}
	}
	slices.SortStableFunc(p.steps, func(a, b cudaStep) int { return cmp.Compare(a.at, b.at) })
	if p.failed != nil {
		return p.failed
	}
	var err error
	p.branches, err = p.makeBranches()
	return err
}

// add places work of a step at the step itself; nil is none.
func (p *cudaProgram) add(index int, run func() error) {
	if run != nil {
		p.place(cudaStep{index: index, at: index, run: run})
	}
}

func (p *cudaProgram) place(s cudaStep) { p.steps = append(p.steps, s) }

// freshen makes the 16-bit copy of parameters that products read anew after
// they were written; updates keep it up.
func (e *cudaExecutor) freshen() error {
	if !e.stale || e.halves == nil {
		return nil
	}
	e.stale = false
	b := e.backend
	return b.kernels.Cast(b.stream, b.half(), e.halves.Ptr, e.segments[Params].Ptr, int(e.plan.Bytes[Params]/4))
}

// graphs says whether steps are launched as graphs by now. A graph cannot be
// walked with a look at every op, so checking and profiling go step by step.
func (p *cudaProgram) graphs() bool {
	c := p.exec.backend.config
	return p.warm && !c.NoGraph && !c.Check && !p.exec.profiling
}

// run takes one step.
func (p *cudaProgram) run() error {
	switch {
	case p.graphs():
		return p.launch(&p.graph, p.branches.run)
	case p.exec.profiling:
		return p.profiled()
	case p.exec.backend.config.Check:
		return p.exec.watch.around(p.exec.backend.stream, p.checked)
	}
	p.warm = true
	return p.exec.watch.around(p.exec.backend.stream, p.eager)
}

// launch launches a graph, which is what work does, captured when first needed.
func (p *cudaProgram) launch(graph **gpu.Graph, work func() error) error {
	s := p.exec.backend.stream
	if *graph == nil {
		var err error
		if *graph, err = capture(s, work); err != nil {
			return fmt.Errorf("capture of a step: %w", err)
		}
	}
	return p.exec.watch.around(s, func() error { return (*graph).Launch(s) })
}

func (p *cudaProgram) eager() error {
	for _, s := range p.steps {
		if err := s.run(); err != nil {
			return p.stepError(s, err)
		}
	}
	return nil
}

// capture records work instead of doing it.
func capture(s *gpu.Stream, work func() error) (*gpu.Graph, error) {
	if err := s.BeginCapture(); err != nil {
		return nil, err
	}
	err := work()
	graph, end := s.EndCapture()
	if err != nil {
		if graph != nil {
			end = graph.Close()
		}
		return nil, errors.Join(err, end)
	}
	return graph, end
}

// stepError names the step of an error.
func (p *cudaProgram) stepError(s cudaStep, err error) error {
	if err == nil {
		return nil
	}
	node, _, phase := p.describe(s.index)
	return fmt.Errorf("%s: %v: %w", node, phase, err)
}

// describe is a step's node, kind and phase.
func (p *cudaProgram) describe(index int) (node, kind string, phase Phase) {
	if index < 0 {
		return "preparation", "copy", Forward
	}
	s := p.Steps[index]
	if s.Phase == Update {
		return "update", p.exec.plan.Optimizer.Kind(), Update
	}
	n := &p.exec.graph.Nodes[s.Node]
	return n.Name, n.Op.Kind(), s.Phase
}

func (p *cudaProgram) dropGraphs() error {
	err := errors.Join(p.graph.Close(), p.group.Close())
	p.graph, p.group = nil, nil
	return err
}

func (p *cudaProgram) close() error {
	return errors.Join(p.dropGraphs(), closeAll(p.owned))
}
