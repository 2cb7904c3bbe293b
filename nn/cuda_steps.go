//go:build !nocuda

package nn

import (
	"fmt"

	"resnet/gpu"
)

// A graph of several steps should last long beside what launching it costs,
// some microseconds, and be short for who waits to interrupt it. These many
// FLOPs take a data centre GPU a few ms.
const (
	groupFLOPs    = 4e11
	mostStepsEver = 16
)

// stepGroup is what a graph of several training steps reads: the draws of all
// their batches, and behind them a Hyper for each.
type stepGroup struct {
	steps int
	input *gpu.Buffer
	pipe  *pipe
}

func (e *cudaExecutor) makeGroup() error {
	var flops int64 // of a step
	for _, s := range e.plan.Train.Steps {
		flops += StepFLOPs(e.graph, s) * int64(e.plan.Batch)
	}
	g := &stepGroup{steps: int(min(max(groupFLOPs/max(flops, 1), 1), mostStepsEver))}
	e.group = g
	bytes := int64(g.steps) * int64(e.plan.Batch*drawBytes+4*HyperLen)
	if err := e.alloc(&g.input, "draws and scalars of several steps", bytes); err != nil {
		return err
	}
	var err error
	g.pipe, err = newPipe(e.backend.device, e.backend.stream, "draws and scalars on their way", bytes)
	return err
}

// MostSteps implements Repeater.
func (e *cudaExecutor) MostSteps() int {
	if e.group == nil {
		return 0
	}
	return e.group.steps
}

// Steps implements Repeater. As many steps as one call may be for are one copy
// and one launch; fewer go one by one.
func (e *cudaExecutor) Steps(set int, draws []Draw, hypers []Hyper) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.steps(set, draws, hypers))
}

func (e *cudaExecutor) steps(set int, draws []Draw, hypers []Hyper) error {
	batch := e.plan.Batch
	if err := e.plan.checkRun(Train, batch); err != nil {
		return err
	}
	if err := e.checkSet(set); err != nil {
		return err
	}
	if n := len(hypers); n < 1 || n > e.group.steps || len(draws) != n*batch {
		return fmt.Errorf("%d steps on %d images, want 1 to %d steps on %d images each", n, len(draws), e.group.steps, batch)
	}
	p, err := e.program(Train, batch)
	if err != nil {
		return err
	}
	if err := e.freshen(); err != nil {
		return err
	}
	e.last = p.Program
	if len(hypers) == e.group.steps && p.graphs() {
		return p.runGroup(set, draws, hypers)
	}
	for i := range hypers {
		if err := e.gather(set, draws[i*batch:(i+1)*batch]); err != nil {
			return err
		}
		if err := e.scalarPipe.write(e.hyper.Ptr, Bytes(hypers[i][:])); err != nil {
			return err
		}
		if err := p.run(); err != nil {
			return err
		}
	}
	return nil
}

// runGroup takes a whole group of steps.
func (p *cudaProgram) runGroup(set int, draws []Draw, hypers []Hyper) error {
	e, g := p.exec, p.exec.group
	slot, err := g.pipe.slot()
	if err != nil {
		return err
	}
	n, err := e.sets[set].putDraws(slot, draws)
	if err != nil {
		return err
	}
	for i := range hypers {
		n += copy(slot[n:], Bytes(hypers[i][:]))
	}
	if err := g.pipe.send(g.input.Ptr, n); err != nil {
		return err
	}
	if p.groupSet != set {
		if err := p.group.Close(); err != nil {
			return err
		}
		p.group, p.groupSet = nil, set
	}
	return p.launch(&p.group, p.groupWork)
}

// groupWork is what the graph of a group is captured from: for each step its
// images and scalars, and the step.
func (p *cudaProgram) groupWork() error {
	e, g, batch := p.exec, p.exec.group, p.exec.plan.Batch
	draws, hypers := g.input.Ptr, g.input.Ptr.Add(int64(g.steps*batch*drawBytes))
	for i := range int64(g.steps) {
		if err := e.gatherDrawn(e.sets[p.groupSet], draws.Add(i*int64(batch*drawBytes)), hypers.Add(i*4*HyperLen), batch); err != nil {
			return err
		}
		if err := p.branches.run(); err != nil {
			return err
		}
	}
	return nil
}
