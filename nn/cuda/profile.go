//go:build !nocuda

package cuda

import (
	"errors"
	"math"
	"slices"

	"resnet/gpu"
	"resnet/nn"
)

// profile sums up the time of a program's tasks by instruction, with events on the stream.
type profile struct {
	program    *program
	seconds    []float64 // by instruction; the last element is that of preparation
	hasWork    []bool    // likewise: whether it has a task
	runs       nn.RunCounts
	delayFills int // see queueDelay; 0: not known yet
}

// Profile implements nn.Instrumented. While it is on, tasks are launched one by one.
func (e *executor) Profile(on bool) {
	e.profiling, e.profile = on, profile{}
}

// delaySeconds is how long the device is kept busy before a profiled run, for each task: several times what the host
// takes to launch a task's kernels.
const delaySeconds = 40e-6

// queueDelay gives the device other work before the tasks that are timed, so that all of them are queued when the first
// begins. Otherwise a kernel of a few microseconds would end before the host has launched the next, and seem to take as
// long as a launch. The work is to fill cuBLAS' workspace, which holds nothing between two products.
func (p *program) queueDelay() error {
	b, profile := p.exec.backend, &p.exec.profile
	fill := func() error { return b.stream.Fill(b.blasWorkspace.Ptr, 0, b.blasWorkspace.Bytes) }
	if profile.delayFills == 0 {
		seconds, err := b.medianSeconds(4, fill)
		if err != nil {
			return err
		}
		profile.delayFills = int(math.Ceil(delaySeconds * float64(len(p.tasks)) / seconds))
	}
	for range profile.delayFills {
		if err := fill(); err != nil {
			return err
		}
	}
	return nil
}

// runProfiled runs the tasks one by one with an event before and after each, and adds up their times.
func (p *program) runProfiled() (err error) {
	e := p.exec
	if e.profile.program == nil || e.profile.program.Program != p.Program {
		n := len(p.Instructions) + 1
		e.profile = profile{seconds: make([]float64, n), hasWork: make([]bool, n), runs: nn.RunCounts{}}
	}
	e.profile.program, p.warm = p, true
	events, err := newTimedEvents(e.backend.device, len(p.tasks)+1)
	defer func() { err = errors.Join(err, closeAll(events)) }()
	if err != nil {
		return err
	}
	if err := p.queueDelay(); err != nil {
		return err
	}
	if err := events[0].Record(e.backend.stream); err != nil {
		return err
	}
	for i, t := range p.tasks {
		if err := t.run(); err != nil {
			return p.taskError(t, err)
		}
		if err := events[i+1].Record(e.backend.stream); err != nil {
			return err
		}
	}
	if err := e.backend.stream.Sync(); err != nil {
		return err
	}
	for i, t := range p.tasks {
		ms, err := events[i+1].Since(events[i])
		if err != nil {
			return err
		}
		at := t.instruction
		if at < 0 {
			at = len(p.Instructions)
		}
		e.profile.seconds[at] += ms / 1e3
		e.profile.hasWork[at] = true
	}
	e.profile.runs[p.n]++
	return nil
}

// newTimedEvents makes n events that record a time. With an error it returns those that were made.
func newTimedEvents(d *gpu.Device, n int) ([]*gpu.Event, error) {
	var events []*gpu.Event
	for range n {
		e, err := d.NewEvent(true)
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

// Profiled implements nn.Instrumented. Preparation comes first, where there is any.
func (e *executor) Profiled() []nn.InstructionTime {
	p, f := e.profile.program, &e.profile
	if p == nil {
		return nil
	}
	seconds := func(instruction int) float64 { return f.seconds[instruction] }
	times := f.runs.InstructionTimes(e.plan, target{e.backend, e.fusion}, p.Program, seconds)
	for i := range times {
		times[i].Shared = !f.hasWork[i]
	}
	if n := len(times); f.hasWork[n] {
		node, kind, phase := p.describe(-1)
		times = slices.Insert(times, 0, nn.InstructionTime{Node: node, Kind: kind, Phase: phase, Seconds: f.seconds[n]})
	}
	return times
}

// WeightCopyBytes says for nn's count of bytes moved that products at 16-bit precisions read a 16-bit copy.
func (b *backend) WeightCopyBytes(g *nn.Graph, v nn.Value) int64 {
	if !b.config.Precision.Is16Bit() {
		return 0
	}
	return size(b.type16(), g.Elems(v, 1))
}
