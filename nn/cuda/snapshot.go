//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
	"resnet/nn"
)

// snapshotSegments are the segments that a checkpoint holds.
var snapshotSegments = [...]nn.Segment{nn.Params, nn.Momenta, nn.SecondMoments, nn.Statistics}

// snapshot is a copy of snapshotSegments and of the loss scale in pinned memory, where copies reach the full speed of
// the bus.
type snapshot struct {
	backend *backend
	plan    *nn.Plan
	memory  *gpu.Pinned
	offsets [nn.NumSegments]int64 // where each segment lies in memory
	scale   []byte                // the end of memory; nil: there is none
	done    *gpu.Event
}

// Snapshot implements nn.Async.
func (e *executor) Snapshot() (nn.Snapshot, error) {
	defer e.backend.device.Enter()()
	if e.snapshot == nil {
		if err := e.makeSnapshot(); err != nil {
			return nil, e.backend.wrap(err)
		}
	}
	return e.snapshot, e.backend.wrap(e.queueSnapshot(e.snapshot))
}

// makeSnapshot allocates the memory, once for all snapshots.
func (e *executor) makeSnapshot() (err error) {
	s := &snapshot{backend: e.backend, plan: e.plan}
	var bytes int64
	for _, segment := range snapshotSegments {
		s.offsets[segment] = bytes
		bytes += nn.Align(e.plan.Bytes[segment])
	}
	scale := bytes
	if e.scale != nil {
		bytes += e.scale.Bytes
	}
	if s.memory, err = e.backend.device.AllocPinned("snapshot", bytes); err != nil {
		return err
	}
	if s.done, err = e.backend.device.NewEvent(false); err != nil {
		return errors.Join(err, s.memory.Free())
	}
	if e.scale != nil {
		s.scale = s.memory.Bytes()[scale:]
	}
	e.snapshot = s
	return nil
}

// queueSnapshot queues the copies.
func (e *executor) queueSnapshot(s *snapshot) error {
	stream := e.backend.stream
	for _, segment := range snapshotSegments {
		if from := e.segments[segment]; from != nil {
			if err := stream.ToHost(s.memory, s.offsets[segment], from.Ptr, e.plan.Bytes[segment]); err != nil {
				return err
			}
		}
	}
	if e.scale != nil {
		at := int64(len(s.memory.Bytes()) - len(s.scale))
		if err := stream.ToHost(s.memory, at, e.scale.Ptr, e.scale.Bytes); err != nil {
			return err
		}
	}
	return s.done.Record(stream)
}

// sync waits until the copies are done.
func (s *snapshot) sync() error {
	defer s.backend.device.Enter()()
	return s.backend.wrap(s.done.Sync())
}

// Read implements nn.Snapshot.
func (s *snapshot) Read(r nn.Ref, p []byte) error {
	if err := s.sync(); err != nil {
		return err
	}
	slot, pm, err := s.plan.ParameterSlot(r)
	switch {
	case err != nil:
	case slot.Segment == nn.ParamGrads:
		err = fmt.Errorf("%s: a snapshot has no gradients", s.plan.Graph.ValueName(r.Value))
	default:
		err = s.plan.Graph.CheckSize(r, len(p), 4*pm.Shape.Elems())
	}
	if err != nil {
		return s.backend.wrap(err)
	}
	fromDevice(pm, p, s.memory.Bytes()[s.offsets[slot.Segment]+slot.Offset:])
	return nil
}

// State implements nn.Snapshot.
func (s *snapshot) State() ([]byte, error) {
	if s.scale == nil {
		return nil, nil
	}
	if err := s.sync(); err != nil {
		return nil, err
	}
	return append([]byte(nil), s.scale...), nil
}

func (s *snapshot) close() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.done.Close(), s.memory.Free())
}
