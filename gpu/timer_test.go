//go:build !nocuda

package gpu

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// A timing runs the work, measures less time for less work, and leaves no objects alive. Other processes may use the
// card meanwhile, so two amounts of work, one two thousand times the other, are timed in turns.
func TestTiming(t *testing.T) {
	b := onGPU(t)
	const large, factor, turns = 64 << 20, 1024, 5
	x, y := b.alloc(large), b.alloc(large)
	b.ok(b.stream.Fill(x, 0x05050505, large))
	copying := func(bytes int64, times int) *Timing {
		timing := must(b.stream.NewTiming(func() (err error) {
			for range times {
				err = errors.Join(err, b.stream.Copy(y, x, bytes))
			}
			return err
		}))(b)
		b.closing(timing)
		return timing
	}
	much, little := copying(large, 2), copying(large/factor, 1)
	var long, short []time.Duration
	for range turns {
		long, short = append(long, must(much.Take())(b)), append(short, must(little.Take())(b))
	}
	slices.Sort(long)
	slices.Sort(short)
	if short[0] <= 0 || long[turns/2] < 2*short[turns/2] {
		t.Errorf("%v for two copies of %d bytes, %v for one of one part in %d, want more than nothing, and medians "+
			"far apart", long, large, short, factor)
	}
	if much.calls < 1 || little.calls > timedCalls {
		t.Errorf("%d and %d calls in a graph, want 1 to %d", much.calls, little.calls, timedCalls)
	}
	if got := b.download(y.Add(large-4), 4); got[0] != 5 || got[3] != 5 {
		t.Errorf("the work left %x, want 05050505", got)
	}
}

// If the work fails NewTiming fails, and the stream can be used again.
func TestTimingErrors(t *testing.T) {
	b := onGPU(t)
	x := b.alloc(256)
	stop := errors.New("stop")
	for what, want := range map[string]func(call int) error{
		"at once":       func(int) error { return stop },
		"when captured": func(call int) error { return map[bool]error{true: stop}[call > 2] },
	} {
		call := 0
		_, err := b.stream.NewTiming(func() error {
			call++
			return errors.Join(b.stream.Fill(x, 1, 256), want(call))
		})
		if err == nil {
			t.Errorf("work that fails %s: no error", what)
		}
		b.ok(b.stream.Fill(x, 2, 256))
		if got := b.download(x, 1); got[0] != 2 {
			t.Errorf("after work that fails %s a fill left %x, want 02", what, got)
		}
	}
}
