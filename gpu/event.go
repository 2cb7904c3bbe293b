//go:build !nocuda

package gpu

import "gorgonia.org/cu"

// Event marks a point in the work of a stream.
type Event struct {
	event  cu.Event
	device *Device
}

// NewEvent creates an event. Without timing it is cheaper, but Since fails.
func (d *Device) NewEvent(timing bool) (*Event, error) {
	flags := cu.DisableTiming
	if timing {
		flags = cu.DefaultEvent
	}
	e, err := cu.MakeEvent(flags)
	if err != nil {
		return nil, bindingStatus("cuEventCreate", err)
	}
	event := &Event{event: e, device: d}
	d.alive.add(event, "event", "")
	return event, nil
}

// Record marks the point after all work that has been queued on the stream so far.
func (e *Event) Record(s *Stream) error {
	return bindingStatus("cuEventRecord", e.event.Record(s.stream))
}

// Sync waits for the work before the mark.
func (e *Event) Sync() error {
	return bindingStatus("cuEventSynchronize", e.event.Synchronize())
}

// Done reports whether the work before the mark is done, without waiting for it. An event that was never recorded is
// done.
func (e *Event) Done() (bool, error) {
	err := e.event.Query()
	if err == cu.NotReady {
		return false, nil
	}
	return err == nil, bindingStatus("cuEventQuery", err)
}

// Since returns the time in ms from start to e. Both events must have timing and must be recorded and done. The
// resolution is about 0.5 us.
func (e *Event) Since(start *Event) (ms float64, err error) {
	ms, err = start.event.Elapsed(e.event)
	return ms, bindingStatus("cuEventElapsedTime", err)
}

// Close destroys the event.
func (e *Event) Close() error {
	if e == nil || e.event == (cu.Event{}) {
		return nil
	}
	err := cu.DestroyEvent(&e.event)
	e.device.alive.remove(e)
	return bindingStatus("cuEventDestroy", err)
}
