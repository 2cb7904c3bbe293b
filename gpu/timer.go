//go:build !nocuda

package gpu

import (
	"errors"
	"slices"
	"time"
)

// Timing measures the time of work on a stream. The host takes longer to launch a short kernel than the device to run
// it, so Timing captures several calls of the work in one graph, as a training step is captured. Each call finds in the
// caches what the previous one left there.
type Timing struct {
	stream      *Stream
	graph       *Graph
	calls       int // of the work in the graph
	start, stop *Event
}

const (
	timedSpan  = time.Millisecond // total time of the launches of a measurement
	timedCalls = 20               // maximum number of calls in the graph; their time outweighs the launch
	minTimed   = 3                // minimum number of launches of a measurement, for a median
)

// NewTiming prepares the timing of f, which must queue the same work on s at each call. It calls f twice, so that
// libraries load what they need and to estimate its time, and then captures it. It fails if f fails or its work cannot
// be captured.
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

// between returns the time that the device takes for the work that f queues.
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

// Take returns the time of one call: the median over at least three launches, and as many as take about a millisecond
// together. Each measured launch is queued behind another one, so that the device never waits for the host.
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

// Close releases the graph and the events.
func (t *Timing) Close() error {
	if t == nil {
		return nil
	}
	err := errors.Join(t.graph.Close(), t.start.Close(), t.stop.Close())
	t.graph, t.start, t.stop = nil, nil, nil
	return err
}
