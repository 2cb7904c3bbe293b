//go:build !nocuda

package cuda

import (
	"errors"

	"resnet/gpu"
	"resnet/nn"
)

// ringSlots is how many uploads of one kind may be queued: how far the host can run ahead of the device.
const ringSlots = 8

// uploadRing uploads without waiting for the device: each upload is copied into the next of a ring of pinned slots, and
// from there to the device in stream order.
type uploadRing struct {
	stream    *gpu.Stream
	memory    *gpu.Pinned
	slotBytes int64
	free      [ringSlots]*gpu.Event // recorded after the last copy from the slot
	used      [ringSlots]bool       // whether there was one
	next      int
}

func newUploadRing(d *gpu.Device, s *gpu.Stream, what string, slotBytes int64) (*uploadRing, error) {
	r := &uploadRing{stream: s, slotBytes: nn.Align(slotBytes)}
	var err error
	if r.memory, err = d.AllocPinned(what, ringSlots*r.slotBytes); err != nil {
		return r, err
	}
	for i := range r.free {
		if r.free[i], err = d.NewEvent(false); err != nil {
			return r, err
		}
	}
	return r, nil
}

// slot returns the memory that the next send copies from. It waits until the last copy from there is done.
func (r *uploadRing) slot() ([]byte, error) {
	at := int64(r.next) * r.slotBytes
	p := r.memory.Bytes()[at : at+r.slotBytes]
	if !r.used[r.next] {
		return p, nil
	}
	return p, r.free[r.next].Sync()
}

// send queues a copy of the first n bytes of the slot to the device, and moves on to the next slot.
func (r *uploadRing) send(dst gpu.Ptr, n int) error {
	i := r.next
	if err := r.stream.ToDevice(dst, r.memory, int64(i)*r.slotBytes, int64(n)); err != nil {
		return err
	}
	r.used[i], r.next = true, (i+1)%ringSlots
	return r.free[i].Record(r.stream)
}

// write queues a copy of p to the device; p may change as soon as it returns.
func (r *uploadRing) write(dst gpu.Ptr, p []byte) error {
	slot, err := r.slot()
	if err != nil {
		return err
	}
	return r.send(dst, copy(slot, p))
}

func (r *uploadRing) close() error {
	if r == nil {
		return nil
	}
	var errs []error
	for _, e := range r.free {
		if e != nil {
			errs = append(errs, e.Close())
		}
	}
	if r.memory != nil {
		errs = append(errs, r.memory.Free())
	}
	return errors.Join(errs...)
}

// transfer copies everything else to and from the device, in pieces, and waits for each.
type transfer struct {
	stream *gpu.Stream
	memory *gpu.Pinned
}

// transferBytes is the size of a piece, large enough for the full speed of the bus.
const transferBytes = 1 << 20

func (t *transfer) write(dst gpu.Ptr, p []byte) error {
	for at := 0; at < len(p); at += transferBytes {
		n := copy(t.memory.Bytes(), p[at:])
		err := errors.Join(t.stream.ToDevice(dst.Add(int64(at)), t.memory, 0, int64(n)), t.stream.Sync())
		if err != nil {
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
	n := max(int64(g.Elems(g.Images, e.plan.MaxBatch())), e.samples.Bytes)
	if e.imageRing, err = newUploadRing(d, s, "upload ring of images", n); err != nil {
		return err
	}
	if e.labelRing, err = newUploadRing(d, s, "upload ring of labels", 4*int64(e.plan.MaxBatch())); err != nil {
		return err
	}
	if e.scalarRing, err = newUploadRing(d, s, "upload ring of step scalars", 4*nn.StepParamsLen); err != nil {
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
