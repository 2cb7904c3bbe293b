//go:build !nocuda

package nn

import (
	"errors"
	"fmt"

	"resnet/gpu"
)

// snapshotSegments are what a checkpoint is made of.
var snapshotSegments = [...]Segment{Params, State0s, State1s, Statistics}

// cudaSnapshot is a copy of those segments, and of the loss scale, in pinned
// memory: one copy for each, over the bus at its full speed, in stream order.
type cudaSnapshot struct {
	backend *cudaBackend
	plan    *Plan
	memory  *gpu.Pinned
	at      [NumSegments]int64 // where each segment lies in memory
	scale   []byte             // in memory, behind them; nil: there is none
	done    *gpu.Event
}

// Snapshot implements Snapshotter.
func (e *cudaExecutor) Snapshot() (Snapshot, error) {
	defer e.backend.device.Enter()()
	if e.snapshot == nil {
		if err := e.makeSnapshot(); err != nil {
			return nil, e.backend.wrap(err)
		}
	}
	return e.snapshot, e.backend.wrap(e.copyAside(e.snapshot))
}

// makeSnapshot takes the memory, once.
func (e *cudaExecutor) makeSnapshot() (err error) {
	s := &cudaSnapshot{backend: e.backend, plan: e.plan}
	var bytes int64
	for _, segment := range snapshotSegments {
		s.at[segment] = bytes
		bytes += align(e.plan.Bytes[segment])
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

func (e *cudaExecutor) copyAside(s *cudaSnapshot) error {
	stream := e.backend.stream
	for _, segment := range snapshotSegments {
		if from := e.segments[segment]; from != nil {
			if err := stream.ToHost(s.memory, s.at[segment], from.Ptr, e.plan.Bytes[segment]); err != nil {
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

// wait returns when the copy has arrived.
func (s *cudaSnapshot) wait() error {
	defer s.backend.device.Enter()()
	return s.backend.wrap(s.done.Sync())
}

// Read implements Snapshot.
func (s *cudaSnapshot) Read(r Ref, p []byte) error {
	if err := s.wait(); err != nil {
		return err
	}
	slot, pm, err := s.plan.parameterSlot(r)
	switch {
	case err != nil:
	case slot.Segment == ParamGrads:
		err = fmt.Errorf("%s: a snapshot has no gradients", s.plan.Graph.ValueName(r.Value))
	default:
		err = s.plan.Graph.exactly(r, len(p), 4*pm.Shape.Elems())
	}
	if err != nil {
		return s.backend.wrap(err)
	}
	fromDevice(pm, p, s.memory.Bytes()[s.at[slot.Segment]+slot.Offset:])
	return nil
}

// State implements Snapshot.
func (s *cudaSnapshot) State() ([]byte, error) {
	if s.scale == nil {
		return nil, nil
	}
	if err := s.wait(); err != nil {
		return nil, err
	}
	return append([]byte(nil), s.scale...), nil
}

func (s *cudaSnapshot) close() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.done.Close(), s.memory.Free())
}
