//go:build !nocuda

package nn

import (
	"errors"
	"math"
	"slices"

	"resnet/gpu"
)

// cudaProfile sums what the steps of a program take, by events on the stream.
type cudaProfile struct {
	of      *cudaProgram
	seconds []float64 // by step of the plan, and at the end what is of none
	works   []bool    // likewise: whether any work is there
	runs    profiledRuns
	fills   int // see lead; 0: not known yet
}

// Profile implements Profiler. While it is on, steps are launched one by one.
func (e *cudaExecutor) Profile(on bool) {
	e.profiling, e.profile = on, cudaProfile{}
}

// leadSeconds is how long the device is kept busy before a profiled run, for
// each of its steps: several times what launching their kernels takes the host.
const leadSeconds = 40e-6

// lead gives the device work before the steps that are timed, so that they are
// all launched when the first begins. Kernels of a few microseconds would else
// end before the host has launched the next, and each would seem to take as
// long as a launch. The work is to fill cuBLAS' workspace, which is nobody's
// between two products.
func (p *cudaProgram) lead() error {
	b, profile := p.exec.backend, &p.exec.profile
	fill := func() error { return b.stream.Fill(b.space.Ptr, 0, b.space.Bytes) }
	if profile.fills == 0 {
		seconds, err := b.medianSeconds(4, fill)
		if err != nil {
			return err
		}
		profile.fills = int(math.Ceil(leadSeconds * float64(len(p.steps)) / seconds))
	}
	for range profile.fills {
		if err := fill(); err != nil {
			return err
		}
	}
	return nil
}

// profiled runs the steps with an event before and after each.
func (p *cudaProgram) profiled() (err error) {
	e := p.exec
	if e.profile.of == nil || e.profile.of.Program != p.Program {
		n := len(p.Steps) + 1
		e.profile = cudaProfile{seconds: make([]float64, n), works: make([]bool, n), runs: profiledRuns{}}
	}
	e.profile.of, p.warm = p, true
	events, err := newMarks(e.backend.device, len(p.steps)+1)
	defer func() { err = errors.Join(err, closeAll(events)) }()
	if err != nil {
		return err
	}
	if err := p.lead(); err != nil {
		return err
	}
	if err := events[0].Record(e.backend.stream); err != nil {
		return err
	}
	for i, s := range p.steps {
		if err := s.run(); err != nil {
			return p.stepError(s, err)
		}
		if err := events[i+1].Record(e.backend.stream); err != nil {
			return err
		}
	}
	if err := e.backend.stream.Sync(); err != nil {
		return err
	}
	for i, s := range p.steps {
		ms, err := events[i+1].Since(events[i])
		if err != nil {
			return err
		}
		place := s.index
		if place < 0 {
			place = len(p.Steps)
		}
		e.profile.seconds[place] += ms / 1e3
		e.profile.works[place] = true
	}
	e.profile.runs[p.n]++
	return nil
}

// newMarks makes events that have a time; what there is of them is returned
// with an error too.
func newMarks(d *gpu.Device, n int) ([]*gpu.Event, error) {
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
func (e *cudaExecutor) Profiled() []StepTime {
	p, f := e.profile.of, &e.profile
	if p == nil {
		return nil
	}
	times := f.runs.stepTimes(e.plan, e.backend, p.Program, func(step int) float64 { return f.seconds[step] })
	for i := range times {
		times[i].Shared = !f.works[i]
	}
	if n := len(times); f.works[n] {
		node, kind, phase := p.describe(-1)
		times = slices.Insert(times, 0, StepTime{Node: node, Kind: kind, Phase: phase, Seconds: f.seconds[n]})
	}
	return times
}

// narrowBytes implements narrower: products in 16 bits read a 16-bit copy.
func (b *cudaBackend) narrowBytes(g *Graph, v Value) int64 {
	if !b.config.Precision.half() {
		return 0
	}
	return size(b.half(), g.Elems(v, 1))
}
