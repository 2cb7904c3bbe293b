//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
	"resnet/nn"
)

// timeline holds two events for each step that is marked.
type timeline struct {
	events []*gpu.Event
	used   int
}

// Watch implements Watcher.
func (e *executor) StartTimeline(steps int) error {
	defer e.backend.device.Enter()()
	if err := e.timeline.close(); err != nil {
		return e.backend.wrap(err)
	}
	var err error
	if e.timeline.events, err = newTimedEvents(e.backend.device, 2*steps); err != nil {
		return e.backend.wrap(errors.Join(err, e.timeline.close()))
	}
	return nil
}

// around marks a step that run launches, if it is one to be watched.
func (w *timeline) record(s *gpu.Stream, run func() error) error {
	if w.used+2 > len(w.events) {
		return run()
	}
	begin, end := w.events[w.used], w.events[w.used+1]
	if err := begin.Record(s); err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	w.used += 2
	return end.Record(s)
}

// Watched implements Watcher.
func (e *executor) Timeline() (nn.Timeline, error) {
	defer e.backend.device.Enter()()
	o, err := e.timeline.measure()
	return o, e.backend.wrap(errors.Join(err, e.timeline.close()))
}

func (w *timeline) measure() (nn.Timeline, error) {
	marks := w.events[:w.used]
	if len(marks) == 0 {
		return nn.Timeline{}, nil
	}
	last := marks[len(marks)-1]
	if err := last.Sync(); err != nil {
		return nn.Timeline{}, err
	}
	o := nn.Timeline{Launches: len(marks) / 2}
	for i := 0; i < len(marks); i += 2 {
		ms, err := marks[i+1].Since(marks[i])
		if err != nil {
			return nn.Timeline{}, err
		}
		o.Busy += ms / 1e3
	}
	ms, err := last.Since(marks[0])
	o.Elapsed = ms / 1e3
	return o, err
}

func (w *timeline) close() error {
	events := w.events
	*w = timeline{}
	return closeAll(events)
}

// Launches implements Launcher: the nodes of the step's graph. Where no step was
// replayed as one, it is captured for counting alone.
func (e *executor) KernelCount(m nn.Mode, n int) (int, error) {
	if err := e.plan.CheckRun(m, n); err != nil {
		return 0, e.backend.wrap(err)
	}
	defer e.backend.device.Enter()()
	p := e.programs[programKey{m, n}]
	if p == nil || !p.warm {
		return 0, e.backend.wrap(fmt.Errorf("launches of a step on %d images, want one to have run before", n))
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
