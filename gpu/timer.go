//go:build !nocuda

package gpu

import (
	"errors"
	"slices"
	"time"
)

// Timing is work that is to be timed on a stream. Short kernels all look alike when they are launched one by one, as
// the host takes longer than they do; so some calls of the work are captured as one graph, as a training step is.
// Operands are as warm in the cache as the call before left them.
type Timing struct {
	stream      *Stream
	graph       *Graph
	calls       int // in the graph
	start, stop *Event
}

const (
	timedSpan  = time.Millisecond // what the launches of one measurement should fill
	timedCalls = 20               // in a graph at most: beside these its launch does not count
	minTimed   = 3                // launches of one measurement, for a median
)

// NewTiming makes f ready to be timed: f queues work on s, the same each time. It is called twice first, so that
// libraries load what they need and there is a first time to go by, and then recorded. An error of f, or work that
// cannot be captured, is the error.
func (s *Stream) NewTiming(f func() error) (*Timing, error) {
	t := &Timing{stream: s}
	if err := t.prepare(f); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Timing) prepare(f func() error) (err error) {
	if t.start, err = t.stream.device.NewEvent(true); err != nil {
		return err
	}
	if t.stop, err = t.stream.device.NewEvent(true); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	once, err := t.between(f)
	if err != nil {
		return err
	}
	t.calls = int(min(max(timedSpan/minTimed/max(once, 1), 1), timedCalls))
	if err := t.stream.BeginCapture(); err != nil {
		return err
	}
	for range t.calls {
		err = errors.Join(err, f())
	}
	graph, end := t.stream.EndCapture()
	t.graph = graph
	return errors.Join(err, end)
}

// between is how long the device takes for what f queues.
func (t *Timing) between(f func() error) (time.Duration, error) {
	if err := errors.Join(t.start.Record(t.stream), f(), t.stop.Record(t.stream)); err != nil {
		return 0, err
	}
	if err := t.stop.Sync(); err != nil {
		return 0, err
	}
	ms, err := t.stop.Since(t.start)
	return time.Duration(ms * float64(time.Millisecond)), err
}

// Take measures one call: the median of at least three launches, of as many as fill about a millisecond. Before each
// that counts goes one that does not: the host's part of the launch is over before the device comes to it.
func (t *Timing) Take() (time.Duration, error) {
	launch := func() error { return t.graph.Launch(t.stream) }
	var times []time.Duration
	for total := time.Duration(0); len(times) < minTimed || total < timedSpan && len(times) < 10*minTimed; {
		if err := launch(); err != nil {
			return 0, err
		}
		d, err := t.between(launch)
		if err != nil {
			return 0, err
		}
		times = append(times, d)
		total += d
	}
	slices.Sort(times)
	return times[len(times)/2] / time.Duration(t.calls), nil
}

// Close gives back what timing took.
func (t *Timing) Close() error {
	if t == nil {
		return nil
	}
	err := errors.Join(t.graph.Close(), t.start.Close(), t.stop.Close())
	t.graph, t.start, t.stop = nil, nil, nil
	return err
}
