package cpu

import (
	"runtime"

	"resnet/nn"
)

// leader is worker 0 on a thread of its own, pinned to a processor: the executor's callers keep theirs, wherever the
// system puts them.
type leader struct {
	calls chan call
	done  chan struct{}
}

type call struct {
	mode nn.Mode
	n    int
}

// lead starts a leader that takes steps.
func lead(step func(m nn.Mode, n int), processor int) *leader {
	l := &leader{calls: make(chan call), done: make(chan struct{})}
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		pinThread(processor)
		for c := range l.calls {
			step(c.mode, c.n)
			l.done <- struct{}{}
		}
	}()
	return l
}

// run has the leader take a step, and waits for it.
func (l *leader) run(m nn.Mode, n int) {
	l.calls <- call{m, n}
	<-l.done
}

func (l *leader) close() { close(l.calls) }
