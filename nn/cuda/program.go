//go:build !nocuda

package cuda

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// program is a Program bound for one number of images: cuDNN's descriptors
// hold it, and so does a captured graph. All programs of an executor share its
// memory.
type program struct {
	*nn.Program
	exec    *executor
	n       int
	tasks   []task
	closers []interface{ Close() error } // descriptors
	// After a first run step by step, in which libraries load what they need, a
	// step is one graph, and a group of steps on one data set is one too.
	warm           bool
	graph          *gpu.Graph
	multistepGraph *gpu.Graph
	multistepSet   int

	fusion    *fusion                         // nil: every node by itself
	schedule  *schedule                       // with fusion: when its work runs
	gradients map[int]*kernels.WeightGradient // by convolution
	stream    *gpu.Stream                     // that the step being run is to use
	streams   *streams                        // what captured steps fork with
	bindErr   error                           // the first that placing work met
}

// task is work of a step of the plan, or of -1: what comes before the first.
type task struct {
	instruction int
	at          int // the step of the plan at which it runs
	// side work may run beside that of the main stream, from `at` on; before the
	// step of the plan behind `until` the main stream waits for it.
	side  bool
	until int
	run   func() error
}

type programKey struct {
	mode nn.Mode
	n    int
}

// program binds a program for n images, once.
func (e *executor) program(m nn.Mode, n int) (*program, error) {
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
	return p, e.growScratch(e.scratchNeed)
}

// newProgram binds a program.
func (e *executor) newProgram(m nn.Mode, n int, fusion *fusion) (*program, error) {
	p := &program{Program: e.plan.Train, exec: e, n: n, fusion: fusion, stream: e.backend.stream}
	if m == nn.Eval {
		p.Program = e.plan.Eval
	}
	if fusion != nil {
		p.schedule = newSchedule(fusion, p.Instructions)
		p.gradients = map[int]*kernels.WeightGradient{}
	}
	if err := p.bind(m); err != nil {
		return nil, errors.Join(err, closeAll(p.closers))
	}
	return p, nil
}

func (p *program) bind(m nn.Mode) error {
	e, g := p.exec, p.exec.graph
	needs := g.NeedsGrad()
	backward := make([]nn.Instruction, len(g.Nodes))
	for i := range backward {
		backward[i].Node = -1
	}
	for _, s := range p.Instructions {
		if s.Phase == nn.Backward {
			backward[s.Node] = s
		}
	}
	bound := make([]kernel, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		c := &binding{executor: e, prog: p, index: i, node: n, instruction: backward[i], needs: make([]bool, len(n.In)), n: p.n}
		for k, v := range n.In {
			c.needs[k] = needs[v]
		}
		if p.fusion != nil && c.bindFused() {
			continue
		}
		var err error
		if bound[i], err = binder(n.Op)(c); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	if p.fusion != nil {
		p.placePreparation(m)
		if err := p.placeWeightGradients(); err != nil {
			return err
		}
	}
	for i, s := range p.Instructions {
		switch s.Phase {
		case nn.Forward:
			p.add(i, bound[s.Node].forward)
		case nn.Backward:
			p.add(i, bound[s.Node].backward)
		case nn.Update:
			for _, f := range e.bindUpdate(m == nn.Train) {
				p.add(i, f)
			}
		}
	}
	slices.SortStableFunc(p.tasks, func(a, b task) int { return cmp.Compare(a.at, b.at) })
	if p.bindErr != nil {
		return p.bindErr
	}
	var err error
	p.streams, err = p.makeStreams()
	return err
}

// add places work of a step at the step itself; nil is none.
func (p *program) add(index int, run func() error) {
	if run != nil {
		p.place(task{instruction: index, at: index, run: run})
	}
}

func (p *program) place(s task) { p.tasks = append(p.tasks, s) }

// freshen makes the 16-bit copy of parameters that products read anew after
// they were written; updates keep it up.
func (e *executor) castParams() error {
	if !e.dirty || e.params16 == nil {
		return nil
	}
	e.dirty = false
	b := e.backend
	return b.kernels.Cast(b.stream, b.type16(), e.params16.Ptr, e.segments[nn.Params].Ptr, int(e.plan.Bytes[nn.Params]/4))
}

// graphs says whether steps are launched as graphs by now. A graph cannot be
// walked with a look at every op, so checking and profiling go step by step.
func (p *program) usesGraphs() bool {
	c := p.exec.backend.config
	return p.warm && !c.NoGraph && !c.Check && !p.exec.profiling
}

// run takes one step.
func (p *program) run() error {
	switch {
	case p.usesGraphs():
		return p.launch(&p.graph, p.streams.run)
	case p.exec.profiling:
		return p.runProfiled()
	case p.exec.backend.config.Check:
		return p.exec.timeline.record(p.exec.backend.stream, p.runChecked)
	}
	p.warm = true
	return p.exec.timeline.record(p.exec.backend.stream, p.runEager)
}

// launch launches a graph, which is what work does, captured when first needed.
func (p *program) launch(graph **gpu.Graph, work func() error) error {
	s := p.exec.backend.stream
	if *graph == nil {
		var err error
		if *graph, err = capture(s, work); err != nil {
			return fmt.Errorf("capture of a step: %w", err)
		}
	}
	return p.exec.timeline.record(s, func() error { return (*graph).Launch(s) })
}

func (p *program) runEager() error {
	for _, s := range p.tasks {
		if err := s.run(); err != nil {
			return p.taskError(s, err)
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

// taskError names the step of an error.
func (p *program) taskError(s task, err error) error {
	if err == nil {
		return nil
	}
	node, _, phase := p.describe(s.instruction)
	return fmt.Errorf("%s: %v: %w", node, phase, err)
}

// describe is a step's node, kind and phase.
func (p *program) describe(index int) (node, kind string, phase nn.Phase) {
	if index < 0 {
		return "preparation", "copy", nn.Forward
	}
	s := p.Instructions[index]
	if s.Phase == nn.Update {
		return "update", p.exec.plan.Optimizer.Kind(), nn.Update
	}
	n := &p.exec.graph.Nodes[s.Node]
	return n.Name, n.Op.Kind(), s.Phase
}

func (p *program) dropGraphs() error {
	err := errors.Join(p.graph.Close(), p.multistepGraph.Close())
	p.graph, p.multistepGraph = nil, nil
	return err
}

func (p *program) close() error {
	return errors.Join(p.dropGraphs(), closeAll(p.closers))
}
