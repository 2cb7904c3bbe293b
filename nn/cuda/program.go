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

// program is an nn.Program bound for one number of images, since cuDNN's descriptors and captured graphs are made for
// one. All programs of an executor share its memory.
type program struct {
	*nn.Program
	exec    *executor
	n       int
	tasks   []task
	closers []interface{ Close() error } // descriptors, streams, events and buffers of this program
	// The first run launches the tasks one by one, and libraries load what they need (warm). From then on a step is one
	// graph, and several steps on one data set are one too.
	warm           bool
	graph          *gpu.Graph
	multistepGraph *gpu.Graph
	multistepSet   int

	variant
	schedule  *schedule                       // with fusion: when its work runs
	gradients map[int]*kernels.WeightGradient // by convolution
	stream    *gpu.Stream                     // that the running task is to use
	streams   *streams                        // that captured steps fork to
	bindErr   error                           // the first error of placing tasks
}

// task is a piece of work: an instruction of the program or a part of one. Instruction -1 is preparation, before the
// first.
type task struct {
	instruction int
	at          int // the index of the instruction at which it runs
	// A side task may run on a side stream from `at` on. The main stream waits for it before the first instruction
	// after `until`.
	side  bool
	until int
	run   func() error
}

type programKey struct {
	mode nn.Mode
	n    int
}

// program returns the program of a mode for n images; it is bound once.
func (e *executor) program(m nn.Mode, n int) (*program, error) {
	key := programKey{m, n}
	if p := e.programs[key]; p != nil {
		return p, nil
	}
	v, err := e.variantFor(m)
	if err != nil {
		return nil, err
	}
	p, err := e.newProgram(m, n, v)
	if err != nil {
		return nil, err
	}
	e.programs[key] = p
	e.backend.tuner.tellRefusals()
	return p, e.growScratch(e.scratchNeed)
}

// newProgram binds a program; the caller grows the scratch memory to e.scratchNeed.
func (e *executor) newProgram(m nn.Mode, n int, v variant) (*program, error) {
	p := &program{Program: e.plan.Train, exec: e, n: n, variant: v, stream: e.backend.stream}
	if m == nn.Eval {
		p.Program = e.plan.Eval
	}
	if v.fusion != nil {
		p.schedule = newSchedule(v.fusion, p.Instructions)
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
	for _, in := range p.Instructions {
		if in.Phase == nn.Backward {
			backward[in.Node] = in
		}
	}
	bound := make([]kernel, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		c := &binding{
			executor: e, prog: p, index: i, node: n, instruction: backward[i], needs: make([]bool, len(n.In)), n: p.n,
		}
		for k, v := range n.In {
			c.needs[k] = needs[v]
		}
		if p.fusion != nil && c.bindFused() {
			continue
		}
		var err error
		if bound[i], err = binder(n.Op)(c, n.Op); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	if p.fusion != nil {
		p.placePreparation(m)
		if err := p.placeWeightGradients(); err != nil {
			return err
		}
	}
	for i, in := range p.Instructions {
		switch in.Phase {
		case nn.Forward:
			p.add(i, bound[in.Node].forward)
		case nn.Backward:
			p.add(i, bound[in.Node].backward)
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

// add places the work of an instruction at the instruction itself; run may be nil.
func (p *program) add(instruction int, run func() error) {
	if run != nil {
		p.place(task{instruction: instruction, at: instruction, run: run})
	}
}

func (p *program) place(t task) { p.tasks = append(p.tasks, t) }

// castParams brings the 16-bit copy of the parameters up to date after Write. Updates write both.
func (e *executor) castParams() error {
	if !e.dirty || e.params16 == nil {
		return nil
	}
	e.dirty = false
	b := e.backend
	n := int(e.plan.Bytes[nn.Params] / 4)
	return b.kernels.Cast(b.stream, b.type16(), e.params16.Ptr, e.segments[nn.Params].Ptr, n)
}

// usesGraphs says whether the next step is launched as a graph. Checking and profiling need to stop after each task, so
// they launch tasks one by one.
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

// launch launches *graph; the first time it is captured from work.
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
	for _, t := range p.tasks {
		if err := t.run(); err != nil {
			return p.taskError(t, err)
		}
	}
	return nil
}

// capture records the work of a function as a graph; nothing runs.
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

// taskError names the node and phase of an error.
func (p *program) taskError(t task, err error) error {
	if err == nil {
		return nil
	}
	node, _, phase := p.describe(t.instruction)
	return fmt.Errorf("%s: %v: %w", node, phase, err)
}

// describe returns an instruction's node, kind and phase.
func (p *program) describe(instruction int) (node, kind string, phase nn.Phase) {
	if instruction < 0 {
		return "preparation", "copy", nn.Forward
	}
	in := p.Instructions[instruction]
	if in.Phase == nn.Update {
		return "update", p.exec.plan.Optimizer.Kind(), nn.Update
	}
	n := &p.exec.graph.Nodes[in.Node]
	return n.Name, n.Op.Kind(), in.Phase
}

func (p *program) dropGraphs() error {
	err := errors.Join(p.graph.Close(), p.multistepGraph.Close())
	p.graph, p.multistepGraph = nil, nil
	return err
}

func (p *program) close() error {
	return errors.Join(p.dropGraphs(), closeAll(p.closers))
}
