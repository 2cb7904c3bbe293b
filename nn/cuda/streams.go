//go:build !nocuda

package cuda

import (
	"errors"

	"resnet/gpu"
)

// sideStreamCount is how many streams beside the main one a captured step forks to.
const sideStreamCount = 2

// branches puts a program's steps on several streams while they are captured.
type streams struct {
	prog    *program
	fork    *gpu.Event
	side    []*gpu.Stream
	events  []*gpu.Event // one for each piece of side work, in order
	pending []sideTask   // that the main stream has not waited for
	next    int          // stream, round and round
	used    int          // events
}

// sideTask is done when its event is, and wanted behind the step until.
type sideTask struct {
	done  *gpu.Event
	until int
}

// makeStreams takes what forking needs: a capture cannot.
func (p *program) makeStreams() (b *streams, err error) {
	d := p.exec.backend.device
	b = &streams{prog: p}
	event := func() *gpu.Event {
		e, failed := d.NewEvent(false)
		if failed == nil {
			p.closers = append(p.closers, e)
		}
		err = errors.Join(err, failed)
		return e
	}
	for _, s := range p.tasks {
		if s.side {
			b.events = append(b.events, event())
		}
	}
	if len(b.events) == 0 {
		return b, err
	}
	b.fork = event()
	for range sideStreamCount {
		s, failed := d.NewStream()
		if failed == nil {
			p.closers = append(p.closers, s)
			b.side = append(b.side, s)
		}
		err = errors.Join(err, failed)
	}
	return b, err
}

// run puts the program's steps on the main stream and on those beside it.
func (b *streams) run() error {
	p := b.prog
	main := p.exec.backend.stream
	defer func() { p.stream = main }()
	b.next, b.used, b.pending = 0, 0, nil
	for _, s := range p.tasks {
		err := b.join(main, s.at)
		switch {
		case err != nil:
		case s.side:
			err = b.runOnSide(main, s)
		default:
			err = s.run()
		}
		if err != nil {
			return p.taskError(s, err)
		}
	}
	return b.join(main, len(p.Instructions))
}

// aside runs a step on a stream that starts where the main one is.
func (b *streams) runOnSide(main *gpu.Stream, s task) error {
	side := b.side[b.next]
	b.next = (b.next + 1) % len(b.side)
	done := b.events[b.used]
	b.used++
	if err := errors.Join(b.fork.Record(main), side.Wait(b.fork)); err != nil {
		return err
	}
	b.prog.stream = side
	err := s.run()
	b.prog.stream = main
	b.pending = append(b.pending, sideTask{done, s.until})
	return errors.Join(err, done.Record(side))
}

// wait makes the main stream wait for what must be done before step `at` of the plan.
func (b *streams) join(main *gpu.Stream, at int) error {
	rest := b.pending[:0]
	for _, w := range b.pending {
		if w.until >= at {
			rest = append(rest, w)
			continue
		}
		if err := main.Wait(w.done); err != nil {
			return err
		}
	}
	b.pending = rest
	return nil
}
