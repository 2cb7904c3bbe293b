package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// signals remembers which signal asked the program to end.
type signals struct{ first atomic.Int32 }

// caught is the first signal's number, or 0.
func (s *signals) caught() int { return int(s.first.Load()) }

// withSignals cancels the context at the first SIGINT or SIGTERM, which leaves time to finish a step and write a
// checkpoint. The second one ends the program at once.
func withSignals(parent context.Context) (context.Context, *signals) {
	ctx, cancel := context.WithCancel(parent)
	s := new(signals)
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		s.first.Store(int32((<-c).(syscall.Signal)))
		cancel()
		os.Exit(128 + int((<-c).(syscall.Signal)))
	}()
	return ctx, s
}
