//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/data"

	"resnet/gpu"
	"resnet/nn"
)

// A graph of several steps should last long beside what launching it costs,
// some microseconds, and be short for who waits to interrupt it. These many
// FLOPs take a data centre GPU a few ms.
const (
	multistepFLOPs = 4e11
	maxMultistep   = 16
)

// multistep is what a graph of several training steps reads: the samples of all
// their batches, and behind them a StepParams for each.
type multistep struct {
	steps int
	input *gpu.Buffer
	ring  *uploadRing
}

func (e *executor) makeMultistep() error {
	var flops int64 // of a step
	for _, s := range e.plan.Train.Instructions {
		flops += nn.InstructionFLOPs(e.graph, s) * int64(e.plan.Batch)
	}
	g := &multistep{steps: int(min(max(multistepFLOPs/max(flops, 1), 1), maxMultistep))}
	e.multistep = g
	bytes := int64(g.steps) * int64(e.plan.Batch*sampleBytes+4*nn.StepParamsLen)
	if err := e.alloc(&g.input, "samples and scalars of several steps", bytes); err != nil {
		return err
	}
	var err error
	g.ring, err = newUploadRing(e.backend.device, e.backend.stream, "samples and scalars on their way", bytes)
	return err
}

// MaxSteps implements Repeater.
func (e *executor) MaxSteps() int {
	if e.multistep == nil {
		return 0
	}
	return e.multistep.steps
}

// Steps implements Repeater. As many steps as one call may be for are one copy
// and one launch; fewer go one by one.
func (e *executor) RunSteps(set int, samples []data.Sample, params []nn.StepParams) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.runSteps(set, samples, params))
}

func (e *executor) runSteps(set int, samples []data.Sample, params []nn.StepParams) error {
	batch := e.plan.Batch
	if err := e.plan.CheckRun(nn.Train, batch); err != nil {
		return err
	}
	if err := e.checkSet(set); err != nil {
		return err
	}
	if n := len(params); n < 1 || n > e.multistep.steps || len(samples) != n*batch {
		return fmt.Errorf("%d steps on %d images, want 1 to %d steps on %d images each", n, len(samples), e.multistep.steps, batch)
	}
	p, err := e.program(nn.Train, batch)
	if err != nil {
		return err
	}
	if err := e.castParams(); err != nil {
		return err
	}
	e.lastProgram = p.Program
	if len(params) == e.multistep.steps && p.usesGraphs() {
		return p.runMultistep(set, samples, params)
	}
	for i := range params {
		if err := e.assemble(set, samples[i*batch:(i+1)*batch]); err != nil {
			return err
		}
		if err := e.scalarRing.write(e.stepParams.Ptr, nn.Bytes(params[i][:])); err != nil {
			return err
		}
		if err := p.run(); err != nil {
			return err
		}
	}
	return nil
}

// runMultistep takes a whole group of steps.
func (p *program) runMultistep(set int, samples []data.Sample, params []nn.StepParams) error {
	e, g := p.exec, p.exec.multistep
	slot, err := g.ring.slot()
	if err != nil {
		return err
	}
	n, err := e.sets[set].putSamples(slot, samples)
	if err != nil {
		return err
	}
	for i := range params {
		n += copy(slot[n:], nn.Bytes(params[i][:]))
	}
	if err := g.ring.send(g.input.Ptr, n); err != nil {
		return err
	}
	if p.multistepSet != set {
		if err := p.multistepGraph.Close(); err != nil {
			return err
		}
		p.multistepGraph, p.multistepSet = nil, set
	}
	return p.launch(&p.multistepGraph, p.multistepWork)
}

// multistepWork is what the graph of a group is captured from: for each step its
// images and scalars, and the step.
func (p *program) multistepWork() error {
	e, g, batch := p.exec, p.exec.multistep, p.exec.plan.Batch
	samples, params := g.input.Ptr, g.input.Ptr.Add(int64(g.steps*batch*sampleBytes))
	for i := range int64(g.steps) {
		if err := e.assembleSamples(e.sets[p.multistepSet], samples.Add(i*int64(batch*sampleBytes)), params.Add(i*4*nn.StepParamsLen), batch); err != nil {
			return err
		}
		if err := p.streams.run(); err != nil {
			return err
		}
	}
	return nil
}
