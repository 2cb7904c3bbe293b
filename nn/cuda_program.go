//go:build !nocuda

package nn

import (
	"errors"
	"fmt"

	"resnet/gpu"
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
	// step is one graph.
	warm  bool
	graph *gpu.Graph
}

// cudaStep is a step of the plan, or -1 for what has to come before the first.
type cudaStep struct {
	index int
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
	p := &cudaProgram{Program: e.plan.Train, exec: e, n: n}
	if m == Eval {
		p.Program = e.plan.Eval
	}
	if err := p.bind(m); err != nil {
		return nil, errors.Join(err, closeAll(p.owned))
	}
	e.programs[key] = p
	return p, e.growScratch()
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
	kernels := make([]cudaKernel, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		c := &cudaBinding{cudaExecutor: e, prog: p, node: n, step: backward[i], needs: make([]bool, len(n.In)), n: p.n}
		for k, v := range n.In {
			c.needs[k] = needs[v]
		}
		var err error
		if kernels[i], err = c.bind(); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	if e.halves != nil {
		p.add(-1, e.castParameters)
	}
	for i, s := range p.Steps {
		switch s.Phase {
		case Forward:
			p.add(i, kernels[s.Node].forward)
		case Backward:
			p.add(i, kernels[s.Node].backward)
		case Update:
			for _, f := range e.bindUpdate(m == Train) {
				p.add(i, f)
			}
		}
	}
	return nil
}

func (p *cudaProgram) add(index int, run func() error) {
	p.steps = append(p.steps, cudaStep{index, run})
}

// castParameters makes the 16-bit copy that products read.
func (e *cudaExecutor) castParameters() error {
	b := e.backend
	return b.kernels.Cast(b.stream, b.half(), e.halves.Ptr, e.segments[Params].Ptr, int(e.plan.Bytes[Params]/4))
}

// run takes one step. A graph cannot be walked with a look at every op, so
// checking and profiling go step by step.
func (p *cudaProgram) run() error {
	c := p.exec.backend.config
	switch {
	case p.exec.profiling:
		return p.profiled()
	case c.Check:
		return p.checked()
	case c.NoGraph || !p.warm:
		p.warm = true
		return p.eager()
	case p.graph == nil:
		if err := p.capture(); err != nil {
			return fmt.Errorf("capture of a step: %w", err)
		}
	}
	return p.graph.Launch(p.exec.backend.stream)
}

func (p *cudaProgram) eager() error {
	for _, s := range p.steps {
		if err := s.run(); err != nil {
			return p.stepError(s, err)
		}
	}
	return nil
}

// capture records the steps instead of running them.
func (p *cudaProgram) capture() error {
	s := p.exec.backend.stream
	if err := s.BeginCapture(); err != nil {
		return err
	}
	err := p.eager()
	graph, end := s.EndCapture()
	if err != nil {
		if graph != nil {
			end = graph.Close()
		}
		return errors.Join(err, end)
	}
	p.graph = graph
	return end
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
		return "parameters", "cast", Forward
	}
	s := p.Steps[index]
	if s.Phase == Update {
		return "update", p.exec.plan.Optimizer.Kind(), Update
	}
	n := &p.exec.graph.Nodes[s.Node]
	return n.Name, n.Op.Kind(), s.Phase
}

func (p *cudaProgram) dropGraph() error {
	if p.graph == nil {
		return nil
	}
	g := p.graph
	p.graph = nil
	return g.Close()
}

func (p *cudaProgram) close() error {
	return errors.Join(p.dropGraph(), closeAll(p.owned))
}
