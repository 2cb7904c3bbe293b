//go:build !nocuda

package cuda

import (
	"errors"

	"resnet/gpu"
)

// sideStreamCount is how many streams beside the main one a captured step forks to.
const sideStreamCount = 2

// streams queues a program's tasks on the main stream and on side streams, while they are captured.
type streams struct {
	prog    *program
	fork    *gpu.Event
	side    []*gpu.Stream
	events  []*gpu.Event  // one for each side task, in order
	pending []pendingTask // that the main stream has not waited for
	next    int           // side stream, in turn
	used    int           // events
}

// pendingTask is a side task that is finished when `done` is; instructions after `until` need it.
type pendingTask struct {
	done  *gpu.Event
	until int
}

// makeStreams makes the streams and events beforehand, since nothing can be made during a capture.
func (p *program) makeStreams() (s *streams, err error) {
	d := p.exec.backend.device
	s = &streams{prog: p}
	newEvent := func() *gpu.Event {
		e, failed := d.NewEvent(false)
		if failed == nil {
			p.closers = append(p.closers, e)
		}
		err = errors.Join(err, failed)
		return e
	}
	for _, t := range p.tasks {
		if t.side && !p.oneStream {
			s.events = append(s.events, newEvent())
		}
	}
	if len(s.events) == 0 {
		return s, err
	}
	s.fork = newEvent()
	for range sideStreamCount {
		side, failed := d.NewStream()
		if failed == nil {
			p.closers = append(p.closers, side)
			s.side = append(s.side, side)
		}
		err = errors.Join(err, failed)
	}
	return s, err
}

// run queues all tasks of the program; at the end the main stream has waited for every side stream.
func (s *streams) run() error {
	p := s.prog
	main := p.exec.backend.stream
	if p.priorities {
		main.KeepPriorities()
	}
	s.setOptions(main, gpu.LaunchOptions{MostShared: p.mostShared, Overlap: p.overlap})
	defer func() {
		s.setOptions(main, gpu.LaunchOptions{})
		p.stream = main
	}()
	s.next, s.used, s.pending = 0, 0, nil
	for _, t := range p.tasks {
		err := s.join(main, t.at)
		switch {
		case err != nil:
		case t.side && !p.oneStream:
			err = s.runOnSide(main, t)
		default:
			err = t.run()
		}
		if err != nil {
			return p.taskError(t, err)
		}
	}
	return s.join(main, len(p.Instructions))
}

// setOptions sets how kernels are launched on all streams.
func (s *streams) setOptions(main *gpu.Stream, o gpu.LaunchOptions) {
	main.SetLaunchOptions(o)
	for _, side := range s.side {
		side.SetLaunchOptions(o)
	}
}

// runOnSide forks: the task runs on a side stream, after what the main stream has been given so far.
func (s *streams) runOnSide(main *gpu.Stream, t task) error {
	side := s.side[s.next]
	s.next = (s.next + 1) % len(s.side)
	done := s.events[s.used]
	s.used++
	if err := errors.Join(s.fork.Record(main), side.Wait(s.fork)); err != nil {
		return err
	}
	s.prog.stream = side
	err := t.run()
	s.prog.stream = main
	s.pending = append(s.pending, pendingTask{done, t.until})
	return errors.Join(err, done.Record(side))
}

// join makes the main stream wait for the side tasks that instruction `at` needs.
func (s *streams) join(main *gpu.Stream, at int) error {
	rest := s.pending[:0]
	for _, t := range s.pending {
		if t.until >= at {
			rest = append(rest, t)
			continue
		}
		if err := main.Wait(t.done); err != nil {
			return err
		}
	}
	s.pending = rest
	return nil
}
