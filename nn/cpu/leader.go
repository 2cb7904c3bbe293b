package cpu

import (
	"runtime"

	"resnet/nn"
)

// leader runs worker 0 on a thread of its own, pinned to a processor, so that threads of callers need not be pinned.
type leader struct {
	calls chan call
	done  chan struct{}
}

type call struct {
	mode nn.Mode
	n    int
}

// lead starts a leader that runs step on the given processor.
func lead(step func(m nn.Mode, n int), processor int) *leader {
	l := &leader{calls: make(chan call), done: make(chan struct{})}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		pinThread(processor)
		for c := range l.calls {
			step(c.mode, c.n)
			l.done <- struct{}{}
		}
	}()
	return l
}

// run runs one step on the leader's thread and waits for it.
func (l *leader) run(m nn.Mode, n int) {
	l.calls <- call{m, n}
	<-l.done
}

func (l *leader) close() { close(l.calls) }
