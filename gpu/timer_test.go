//go:build !nocuda

package gpu

import (
	"errors"
	"testing"
)

// A timing runs the work, takes less time for less of it, and leaves nothing behind.
func TestTiming(t *testing.T) {
	b := onGPU(t)
	const large, factor = 64 << 20, 1024
	x, y := b.alloc(large), b.alloc(large)
	b.ok(b.stream.Fill(x, 0x05050505, large))
	copying := func(bytes int64) *Timing {
		timing := must(b.stream.NewTiming(func() error { return b.stream.Copy(y, x, bytes) }))(b)
		b.closing(timing)
		return timing
	}
	much, little := copying(large), copying(large/factor)
	if long, short := must(much.Take())(b), must(little.Take())(b); short <= 0 || long < 2*short {
		t.Errorf("%v for %d bytes, %v for one part in %d, want much less than that and more than nothing",
			long, large, short, factor)
	}
	if much.calls < 1 || little.calls > timedCalls {
		t.Errorf("%d and %d calls in a graph, want 1 to %d", much.calls, little.calls, timedCalls)
	}
	if got := b.download(y.Add(large-4), 4); got[0] != 5 || got[3] != 5 {
		t.Errorf("the work left %x, want 05050505", got)
	}
}

// Work that fails is an error, and the stream is usable again.
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
