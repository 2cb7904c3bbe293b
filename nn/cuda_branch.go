//go:build !nocuda

package nn

import (
	"errors"

	"resnet/gpu"
)

// sideStreams is how many streams beside the main one a captured step forks to.
const sideStreams = 2

// branches puts a program's steps on several streams while they are captured.
type branches struct {
	prog    *cudaProgram
	fork    *gpu.Event
	streams []*gpu.Stream
	events  []*gpu.Event // one for each piece of side work, in order
	waiting []sideWork   // that the main stream has not waited for
	next    int          // stream, round and round
	used    int          // events
}

// sideWork is done when its event is, and wanted behind the step until.
type sideWork struct {
	done  *gpu.Event
	until int
}

// makeBranches takes what forking needs: a capture cannot.
func (p *cudaProgram) makeBranches() (b *branches, err error) {
	d := p.exec.backend.device
	b = &branches{prog: p}
	event := func() *gpu.Event {
		e, failed := d.NewEvent(false)
		if failed == nil {
			p.owned = append(p.owned, e)
		}
		err = errors.Join(err, failed)
		return e
	}
	for _, s := range p.steps {
		if s.side {
			b.events = append(b.events, event())
		}
	}
	if len(b.events) == 0 {
		return b, err
	}
	b.fork = event()
	for range sideStreams {
		s, failed := d.NewStream()
		if failed == nil {
			p.owned = append(p.owned, s)
			b.streams = append(b.streams, s)
		}
		err = errors.Join(err, failed)
	}
	return b, err
}

// run puts the program's steps on the main stream and on those beside it.
func (b *branches) run() error {
	p := b.prog
	main := p.exec.backend.stream
	defer func() { p.lane = main }()
	b.next, b.used, b.waiting = 0, 0, nil
	for _, s := range p.steps {
		err := b.wait(main, s.at)
		switch {
		case err != nil:
		case s.side:
			err = b.aside(main, s)
		default:
			err = s.run()
		}
		if err != nil {
			return p.stepError(s, err)
		}
	}
	return b.wait(main, len(p.Steps))
}

// aside runs a step on a stream that starts where the main one is.
func (b *branches) aside(main *gpu.Stream, s cudaStep) error {
	side := b.streams[b.next]
	b.next = (b.next + 1) % len(b.streams)
	done := b.events[b.used]
	b.used++
	if err := errors.Join(b.fork.Record(main), side.Wait(b.fork)); err != nil {
		return err
	}
	b.prog.lane = side
	err := s.run()
	b.prog.lane = main
	b.waiting = append(b.waiting, sideWork{done, s.until})
	return errors.Join(err, done.Record(side))
}

// wait makes the main stream wait for what must be done before step `at` of the plan.
func (b *branches) wait(main *gpu.Stream, at int) error {
	rest := b.waiting[:0]
	for _, w := range b.waiting {
		if w.until >= at {
			rest = append(rest, w)
			continue
		}
		if err := main.Wait(w.done); err != nil {
			return err
		}
	}
	b.waiting = rest
	return nil
}
