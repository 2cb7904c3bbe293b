//go:build !nocuda

package cuda

import (
	"errors"
	"math"
	"slices"

	"resnet/gpu"
	"resnet/nn"
)

// profile sums what the steps of a program take, by events on the stream.
type profile struct {
	program    *program
	seconds    []float64 // by step of the plan, and at the end what is of none
	hasWork    []bool    // likewise: whether any work is there
	runs       nn.RunCounts
	delayFills int // see lead; 0: not known yet
}

// Profile implements Profiler. While it is on, steps are launched one by one.
func (e *executor) Profile(on bool) {
	e.profiling, e.profile = on, profile{}
}

// occupySeconds is how long the device is kept busy before a profiled run, for
// each of its steps: several times what launching their kernels takes the host.
const delaySeconds = 40e-6

// lead gives the device work before the steps that are timed, so that they are
// all launched when the first begins. Kernels of a few microseconds would else
// end before the host has launched the next, and each would seem to take as
// long as a launch. The work is to fill cuBLAS' workspace, which is nobody's
// between two products.
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

// profiled runs the steps with an event before and after each.
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
	for i, s := range p.tasks {
		if err := s.run(); err != nil {
			return p.taskError(s, err)
		}
		if err := events[i+1].Record(e.backend.stream); err != nil {
			return err
		}
	}
	if err := e.backend.stream.Sync(); err != nil {
		return err
	}
	for i, s := range p.tasks {
		ms, err := events[i+1].Since(events[i])
		if err != nil {
			return err
		}
		place := s.instruction
		if place < 0 {
			place = len(p.Instructions)
		}
		e.profile.seconds[place] += ms / 1e3
		e.profile.hasWork[place] = true
	}
	e.profile.runs[p.n]++
	return nil
}

// newTimedEvents makes events that have a time; what there is of them is returned
// with an error too.
func newTimedEvents(d *gpu.Device, n int) ([]*gpu.Event, error) {
	var events []*gpu.Event
	for range n {
		ev, err := d.NewEvent(true)
		if err != nil {
			return events, err
		}
		events = append(events, ev)
	}
	return events, nil
}

// Profiled implements Profiler. What prepares the kernels of a fused step comes first.
func (e *executor) Profiled() []nn.InstructionTime {
	p, f := e.profile.program, &e.profile
	if p == nil {
		return nil
	}
	times := f.runs.InstructionTimes(e.plan, target{e.backend, e.fusion}, p.Program, func(step int) float64 { return f.seconds[step] })
	for i := range times {
		times[i].Shared = !f.hasWork[i]
	}
	if n := len(times); f.hasWork[n] {
		node, kind, phase := p.describe(-1)
		times = slices.Insert(times, 0, nn.InstructionTime{Node: node, Kind: kind, Phase: phase, Seconds: f.seconds[n]})
	}
	return times
}

// WeightCopyBytes implements narrower: products in 16 bits read a 16-bit copy.
func (b *backend) WeightCopyBytes(g *nn.Graph, v nn.Value) int64 {
	if !b.config.Precision.Is16Bit() {
		return 0
	}
	return size(b.type16(), g.Elems(v, 1))
}
