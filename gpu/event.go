//go:build !nocuda

package gpu

import "gorgonia.org/cu"

// Event is a mark in a stream.
type Event struct {
	event  cu.Event
	device *Device
}

// NewEvent makes an event. One without timing is cheaper, and refuses Since.
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

// Record marks the place after all work that the stream has so far.
func (e *Event) Record(s *Stream) error {
	return bindingStatus("cuEventRecord", e.event.Record(s.stream))
}

// Sync returns when the work before the mark is done.
func (e *Event) Sync() error {
	return bindingStatus("cuEventSynchronize", e.event.Synchronize())
}

// Done says whether the work before the mark is done, without waiting. An event that was never recorded is done.
func (e *Event) Done() (bool, error) {
	err := e.event.Query()
	if err == cu.NotReady {
		return false, nil
	}
	return err == nil, bindingStatus("cuEventQuery", err)
}

// Since is the time in ms from start to e, both timing, recorded and done. Its resolution is about 0.5 us.
func (e *Event) Since(start *Event) (ms float64, err error) {
	ms, err = start.event.Elapsed(e.event)
	return ms, bindingStatus("cuEventElapsedTime", err)
}

// Close gives the event back.
func (e *Event) Close() error {
	if e == nil || e.event == (cu.Event{}) {
		return nil
	}
	err := cu.DestroyEvent(&e.event)
	e.device.alive.remove(e)
	return bindingStatus("cuEventDestroy", err)
}
