//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/data"
	"resnet/gpu"
	"resnet/nn"
)

// A graph of several steps should take much longer than launching it, some microseconds, and still be short for someone
// who interrupts the run. A data centre GPU takes a few ms for multistepFLOPs.
const (
	multistepFLOPs = 4e11
	maxMultistep   = 16
)

// multistep is the input of a graph of several training steps: the samples of all batches, then a StepParams for each
// step.
type multistep struct {
	steps int
	input *gpu.Buffer
	ring  *uploadRing
}

func (e *executor) makeMultistep() error {
	var flops int64 // of an image
	for _, in := range e.plan.Train.Instructions {
		flops += nn.InstructionFLOPs(e.graph, in)
	}
	steps := int64(multistepFLOPs) / max(flops, 1) / int64(e.plan.Batch)
	m := &multistep{steps: int(min(max(steps, 1), maxMultistep))}
	e.multistep = m
	bytes := int64(m.steps) * int64(e.plan.Batch*sampleBytes+4*nn.StepParamsLen)
	if err := e.alloc(&m.input, "samples and scalars of several steps", bytes); err != nil {
		return err
	}
	var err error
	m.ring, err = newUploadRing(e.backend.device, e.backend.stream, "upload ring of samples and scalars", bytes)
	return err
}

// MaxSteps implements nn.Async.
func (e *executor) MaxSteps() int {
	if e.multistep == nil {
		return 0
	}
	return e.multistep.steps
}

// RunSteps implements nn.Async. MaxSteps steps are one upload and one launch; fewer run one by one.
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
		return fmt.Errorf("%d steps on %d images, want 1 to %d steps on %d images each",
			n, len(samples), e.multistep.steps, batch)
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

// runMultistep launches MaxSteps steps as one graph.
func (p *program) runMultistep(set int, samples []data.Sample, params []nn.StepParams) error {
	e, m := p.exec, p.exec.multistep
	slot, err := m.ring.slot()
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
	if err := m.ring.send(m.input.Ptr, n); err != nil {
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

// multistepWork is the work that the graph of several steps is captured from: for each step its batch and scalars are
// assembled, then the step runs.
func (p *program) multistepWork() error {
	e, m, batch := p.exec, p.exec.multistep, p.exec.plan.Batch
	samples, params := m.input.Ptr, m.input.Ptr.Add(int64(m.steps*batch*sampleBytes))
	for range m.steps {
		if err := e.assembleSamples(e.sets[p.multistepSet], samples, params, batch); err != nil {
			return err
		}
		if err := p.streams.run(); err != nil {
			return err
		}
		samples, params = samples.Add(int64(batch*sampleBytes)), params.Add(4*nn.StepParamsLen)
	}
	return nil
}
