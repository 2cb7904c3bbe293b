package cpu

import (
	"runtime"

	"resnet/nn"
)

// leader runs worker 0 on a thread of its own, pinned to a processor, so that threads of callers need not be pinned.
type leader struct {
	step  func(m nn.Mode, n int)
	calls chan call
	done  chan *taskPanic // nil for a step that returned
}

type call struct {
	mode nn.Mode
	n    int
}

// lead starts a leader that runs step on the given processor.
func lead(step func(m nn.Mode, n int), processor int) *leader {
	l := &leader{step: step, calls: make(chan call), done: make(chan *taskPanic)}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		pinThread(processor)
		for c := range l.calls {
			l.serve(c)
		}
	}()
	return l
}

// serve takes a step and, however it ends, says so.
func (l *leader) serve(c call) {
	done := false
	defer func() {
		var failure *taskPanic
		if !done {
			failure = newTaskPanic(recover())
		}
		l.done <- failure
	}()
	l.step(c.mode, c.n)
	done = true
}

// run runs one step on the leader's thread and waits for it.
func (l *leader) run(m nn.Mode, n int) {
	l.calls <- call{m, n}
	if failure := <-l.done; failure != nil {
		panic(failure)
	}
}

func (l *leader) close() { close(l.calls) }
