//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
	"resnet/nn"
)

// timeline holds a start and an end event for each launch to be recorded.
type timeline struct {
	events []*gpu.Event
	used   int
}

// StartTimeline implements nn.Instrumented.
func (e *executor) StartTimeline(n int) error {
	defer e.backend.device.Enter()()
	if err := e.timeline.close(); err != nil {
		return e.backend.wrap(err)
	}
	var err error
	if e.timeline.events, err = newTimedEvents(e.backend.device, 2*n); err != nil {
		return e.backend.wrap(errors.Join(err, e.timeline.close()))
	}
	return nil
}

// record calls run, which launches work, and records events around it as long as there are unused ones.
func (t *timeline) record(s *gpu.Stream, run func() error) error {
	if t.used+2 > len(t.events) {
		return run()
	}
	start, end := t.events[t.used], t.events[t.used+1]
	if err := start.Record(s); err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	t.used += 2
	return end.Record(s)
}

// Timeline implements nn.Instrumented.
func (e *executor) Timeline() (nn.Timeline, error) {
	defer e.backend.device.Enter()()
	measured, err := e.timeline.measure()
	return measured, e.backend.wrap(errors.Join(err, e.timeline.close()))
}

func (t *timeline) measure() (nn.Timeline, error) {
	events := t.events[:t.used]
	if len(events) == 0 {
		return nn.Timeline{}, nil
	}
	last := events[len(events)-1]
	if err := last.Sync(); err != nil {
		return nn.Timeline{}, err
	}
	measured := nn.Timeline{Launches: len(events) / 2}
	for i := 0; i < len(events); i += 2 {
		ms, err := events[i+1].Since(events[i])
		if err != nil {
			return nn.Timeline{}, err
		}
		measured.Busy += ms / 1e3
	}
	ms, err := last.Since(events[0])
	measured.Elapsed = ms / 1e3
	return measured, err
}

func (t *timeline) close() error {
	events := t.events
	*t = timeline{}
	return closeAll(events)
}

// KernelCount implements nn.Instrumented: the number of nodes of the step's graph. Without a graph, a step is captured
// for the count alone.
func (e *executor) KernelCount(m nn.Mode, n int) (int, error) {
	if err := e.plan.CheckRun(m, n); err != nil {
		return 0, e.backend.wrap(err)
	}
	defer e.backend.device.Enter()()
	p := e.programs[programKey{m, n}]
	if p == nil || !p.warm {
		return 0, e.backend.wrap(fmt.Errorf("kernel count of a step on %d images, want one to have run before", n))
	}
	if p.graph != nil {
		return p.graph.Nodes(), nil
	}
	graph, err := capture(e.backend.stream, p.streams.run)
	if err != nil {
		return 0, e.backend.wrap(fmt.Errorf("capture of a step: %w", err))
	}
	return graph.Nodes(), e.backend.wrap(graph.Close())
}
