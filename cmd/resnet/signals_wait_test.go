package main

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"
)

// Which signals end a command that does not end by itself, and when.
func TestSignalsWait(t *testing.T) {
	const TERM, INT, HUP = syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP
	const soon, late = 150 * time.Millisecond, grace + 500*time.Millisecond
	for name, c := range map[string]struct {
		saving  bool
		signals []syscall.Signal // one after the other at once; the last one after a pause
		pause   time.Duration
		want    int // the signal of which the command ends; 0: it does not
		within  time.Duration
	}{
		"one":                     {signals: []syscall.Signal{TERM}, want: 15, within: late},
		"one while work is saved": {saving: true, signals: []syscall.Signal{TERM}, within: late},
		"of timeout":              {saving: true, signals: []syscall.Signal{TERM, TERM}, within: late},
		"of a terminal that ends": {saving: true, signals: []syscall.Signal{HUP, HUP, HUP}, within: late},
		"of systemd":              {saving: true, signals: []syscall.Signal{TERM, HUP}, within: late},
		"two of a kind": {
			saving: true, signals: []syscall.Signal{INT, INT}, pause: soon, want: 2, within: soon,
		},
		"another":                  {saving: true, signals: []syscall.Signal{INT, TERM}, want: 15, within: soon},
		"another, nothing to save": {signals: []syscall.Signal{TERM, INT}, want: 2, within: soon},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, in, ended := newSignals(), make(chan os.Signal, 4), make(chan int, 8)
			ctx, cancel := context.WithCancel(context.WithValue(context.Background(), signalsKey{}, s))
			if c.saving {
				savesWork(ctx)
			}
			go s.wait(in, cancel, func(signal int) { ended <- signal })
			for i, signal := range c.signals {
				if i == len(c.signals)-1 {
					time.Sleep(c.pause)
				}
				in <- signal
			}
			got := 0
			select {
			case got = <-ended:
			case <-time.After(c.within):
			}
			if got != c.want || ctx.Err() == nil || s.caught() != int(c.signals[0]) {
				t.Errorf("ended by signal %d, want %d; context %v, first signal %d", got, c.want, ctx.Err(), s.caught())
			}
		})
	}
}
