//go:build !nocuda

package nn

import (
	"errors"

	"resnet/gpu"
)

// cudaProfile sums what the steps of a program take, by events on the stream.
type cudaProfile struct {
	of      *cudaProgram
	seconds []float64 // by step of the plan; what comes before the first counts to it
	images  int64
}

// Profile implements Profiler. While it is on, steps are launched one by one.
func (e *cudaExecutor) Profile(on bool) {
	e.profiling, e.profile = on, cudaProfile{}
}

// profiled runs the steps with an event before and after each.
func (p *cudaProgram) profiled() (err error) {
	e := p.exec
	if e.profile.of == nil || e.profile.of.Program != p.Program {
		e.profile = cudaProfile{seconds: make([]float64, len(p.Steps))}
	}
	e.profile.of = p
	var events []*gpu.Event
	defer func() { err = errors.Join(err, closeAll(events)) }()
	mark := func() error {
		ev, err := e.backend.device.NewEvent(true)
		if err != nil {
			return err
		}
		events = append(events, ev)
		return ev.Record(e.backend.stream)
	}
	if err := mark(); err != nil {
		return err
	}
	for _, s := range p.steps {
		if err := s.run(); err != nil {
			return p.stepError(s, err)
		}
		if err := mark(); err != nil {
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
		e.profile.seconds[max(s.index, 0)] += ms / 1e3
	}
	e.profile.images += int64(p.n)
	return nil
}

// Profiled implements Profiler.
func (e *cudaExecutor) Profiled() []StepTime {
	p := e.profile.of
	if p == nil {
		return nil
	}
	var times []StepTime
	for i, s := range p.Steps {
		node, kind, phase := p.describe(i)
		times = append(times, StepTime{Node: node, Kind: kind, Phase: phase, Seconds: e.profile.seconds[i], FLOPs: StepFLOPs(e.graph, s) * e.profile.images})
	}
	return times
}
