//go:build !nocuda

package cuda

import (
	"errors"

	"resnet/gpu"
	"resnet/nn"
)

// ringSlots is how many writes of one kind may be on their way to the device:
// how far the host can run ahead.
const ringSlots = 8

// pipe carries small writes to the device without waiting for it: each is
// copied into the next of a ring of pinned slots, and from there in stream order.
type uploadRing struct {
	stream    *gpu.Stream
	memory    *gpu.Pinned
	slotBytes int64                 // bytes of a slot
	free      [ringSlots]*gpu.Event // recorded behind the copy that last used the slot
	used      [ringSlots]bool
	next      int
}

func newUploadRing(d *gpu.Device, s *gpu.Stream, what string, slot int64) (*uploadRing, error) {
	st := &uploadRing{stream: s, slotBytes: nn.Align(slot)}
	var err error
	if st.memory, err = d.AllocPinned(what, ringSlots*st.slotBytes); err != nil {
		return st, err
	}
	for i := range st.free {
		if st.free[i], err = d.NewEvent(false); err != nil {
			return st, err
		}
	}
	return st, nil
}

// slot is memory for what send sends next. It waits until the device has taken
// what was there before.
func (s *uploadRing) slot() ([]byte, error) {
	at := int64(s.next) * s.slotBytes
	p := s.memory.Bytes()[at : at+s.slotBytes]
	if !s.used[s.next] {
		return p, nil
	}
	return p, s.free[s.next].Sync()
}

// send copies the first n bytes of the slot to the device.
func (s *uploadRing) send(dst gpu.Ptr, n int) error {
	i := s.next
	if err := s.stream.ToDevice(dst, s.memory, int64(i)*s.slotBytes, int64(n)); err != nil {
		return err
	}
	s.used[i], s.next = true, (i+1)%ringSlots
	return s.free[i].Record(s.stream)
}

// write copies p to the device; p may change as soon as it returns.
func (s *uploadRing) write(dst gpu.Ptr, p []byte) error {
	slot, err := s.slot()
	if err != nil {
		return err
	}
	return s.send(dst, copy(slot, p))
}

func (s *uploadRing) close() error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, e := range s.free {
		if e != nil {
			errs = append(errs, e.Close())
		}
	}
	if s.memory != nil {
		errs = append(errs, s.memory.Free())
	}
	return errors.Join(errs...)
}

// transfer moves whatever else is read and written, in pieces, and waits.
type transfer struct {
	stream *gpu.Stream
	memory *gpu.Pinned
}

// transferBytes is the piece: large enough for full speed over the bus.
const transferBytes = 1 << 20

func (t *transfer) write(dst gpu.Ptr, p []byte) error {
	for at := 0; at < len(p); at += transferBytes {
		n := copy(t.memory.Bytes(), p[at:])
		if err := errors.Join(t.stream.ToDevice(dst.Add(int64(at)), t.memory, 0, int64(n)), t.stream.Sync()); err != nil {
			return err
		}
	}
	return nil
}

func (t *transfer) read(p []byte, src gpu.Ptr) error {
	for at := 0; at < len(p); at += transferBytes {
		n := min(len(p)-at, transferBytes)
		if err := errors.Join(t.stream.ToHost(t.memory, 0, src.Add(int64(at)), int64(n)), t.stream.Sync()); err != nil {
			return err
		}
		copy(p[at:], t.memory.Bytes()[:n])
	}
	return nil
}

func (e *executor) makeRings() error {
	d, s, g := e.backend.device, e.backend.stream, e.graph
	var err error
	if e.imageRing, err = newUploadRing(d, s, "images on their way", max(int64(g.Elems(g.Images, e.plan.MaxBatch())), e.samples.Bytes)); err != nil {
		return err
	}
	if e.labelRing, err = newUploadRing(d, s, "labels on their way", 4*int64(e.plan.MaxBatch())); err != nil {
		return err
	}
	if e.scalarRing, err = newUploadRing(d, s, "step scalars on their way", 4*nn.StepParamsLen); err != nil {
		return err
	}
	memory, err := d.AllocPinned("transfers", transferBytes)
	e.transfer = &transfer{s, memory}
	return err
}

func (e *executor) closeRings() error {
	errs := []error{e.imageRing.close(), e.labelRing.close(), e.scalarRing.close()}
	if e.multistep != nil {
		errs = append(errs, e.multistep.ring.close())
	}
	if e.transfer != nil && e.transfer.memory != nil {
		errs = append(errs, e.transfer.memory.Free())
	}
	return errors.Join(errs...)
}
