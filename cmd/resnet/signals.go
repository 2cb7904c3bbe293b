package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// grace is how long after a signal a command may take to end by itself, unless it saves work.
const grace = time.Second

// echo is how long after the first signal another one may be the same request: timeout(1) signals the process and its
// group, the kernel and the shell both tell that a terminal has gone, and systemd may send SIGHUP right after SIGTERM.
func echo(first, next syscall.Signal) time.Duration {
	switch next {
	case syscall.SIGHUP:
		return 2 * time.Second
	case first:
		return 100 * time.Millisecond
	}
	return 0
}

// signals is what the program knows about the signals that ask it to end: SIGINT, SIGTERM and SIGHUP.
type signals struct {
	first  atomic.Int32
	came   chan struct{} // closed at the first one
	saving atomic.Bool   // the command has work to save
}

func newSignals() *signals { return &signals{came: make(chan struct{})} }

// caught is the first signal's number, or 0.
func (s *signals) caught() int { return int(s.first.Load()) }

// watch returns a context that the first signal cancels. A command that does not end by itself within grace is ended by
// end, unless it saves its work, see savesWork; the next signal ends that too. A SIGHUP that was ignored when the
// program began, as under nohup, stays ignored.
func (s *signals) watch(parent context.Context, end func(signal int)) context.Context {
	ignoreWriteSignals()
	c := make(chan os.Signal, 4)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(c, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancel(context.WithValue(parent, signalsKey{}, s))
	go s.wait(c, cancel, end)
	return ctx
}

func (s *signals) wait(c <-chan os.Signal, cancel context.CancelFunc, end func(signal int)) {
	first := (<-c).(syscall.Signal)
	s.first.Store(int32(first))
	close(s.came)
	cancel()
	begin, late := time.Now(), time.After(grace)
	for {
		select {
		case next := <-c:
			if next := next.(syscall.Signal); time.Since(begin) >= echo(first, next) {
				end(int(next))
			}
		case <-late:
			if !s.saving.Load() {
				end(int(first))
			}
		}
	}
}

type signalsKey struct{}

// savesWork tells that the command has work to save from here on, for which a signal leaves it the time.
func savesWork(ctx context.Context) {
	if s, ok := ctx.Value(signalsKey{}).(*signals); ok {
		s.saving.Store(true)
	}
}
