//go:build !nocuda

package gpu

import (
	"bytes"
	"errors"
	"testing"
)

// A graph does its work at each launch, on what memory holds then.
func TestGraph(t *testing.T) {
	b := onGPU(t)
	const n = 256
	x, y := b.upload(counting(n)), b.upload(make([]byte, n))
	b.ok(b.stream.BeginCapture())
	b.ok(b.stream.Copy(y, x, n))
	b.ok(b.stream.Fill(x, 0x09090909, 16))
	g := must(b.stream.EndCapture())(b)
	if g.Nodes() != 2 {
		t.Errorf("%d nodes, want 2", g.Nodes())
	}
	if got := b.download(y, n); !bytes.Equal(got, make([]byte, n)) {
		t.Error("work was done while it was captured")
	}
	want := counting(n)
	for range 2 {
		b.ok(g.Launch(b.stream))
		if got := b.download(y, n); !bytes.Equal(got, want) {
			t.Errorf("a launch left %x, want %x", got, want)
		}
		want = append(bytes.Repeat([]byte{9}, 16), want[16:]...)
	}
	b.ok(errors.Join(g.Close(), g.Close()))
}

// An empty capture is a graph of nothing.
func TestEmptyGraph(t *testing.T) {
	b := onGPU(t)
	b.ok(b.stream.BeginCapture())
	g := must(b.stream.EndCapture())(b)
	b.ok(g.Launch(b.stream))
	b.ok(b.stream.Sync())
	if g.Nodes() != 0 {
		t.Errorf("%d nodes, want none", g.Nodes())
	}
	b.ok(g.Close())
}

// A capture is its thread's alone: others may allocate meanwhile.
func TestCaptureBesideOthers(t *testing.T) {
	b := onGPU(t)
	x := b.alloc(64)
	b.ok(b.stream.BeginCapture())
	b.ok(b.stream.Fill(x, 0, 64))
	other := make(chan error)
	go func() {
		defer b.device.Enter()()
		p, err := b.device.AllocPinned("slot", 64)
		other <- errors.Join(err, p.Free())
	}()
	b.ok(<-other)
	g := must(b.stream.EndCapture())(b)
	b.closing(g)
	if g.Nodes() != 1 {
		t.Errorf("%d nodes, want 1", g.Nodes())
	}
}

// A capture that was spoilt ends with an error, and the stream works again.
func TestSpoiltCapture(t *testing.T) {
	if !misuse(t) {
		return
	}
	b := onGPU(t)
	x := b.alloc(64)
	b.ok(b.stream.BeginCapture())
	b.ok(b.stream.Fill(x, 1, 64))
	var e *Error
	if err := b.stream.Sync(); !errors.As(err, &e) || e.Name != "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED" || e.Hint == "" {
		t.Errorf("waiting in a capture gave %v, want CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED with a hint", err)
	}
	if g, err := b.stream.EndCapture(); err == nil {
		t.Error("a spoilt capture gave a graph")
		b.ok(g.Close())
	}
	if _, err := b.stream.EndCapture(); err == nil {
		t.Error("a stream that does not capture ended a capture")
	}
	b.ok(b.stream.Fill(x, 0x02020202, 64))
	if got := b.download(x, 64); !bytes.Equal(got, bytes.Repeat([]byte{2}, 64)) {
		t.Errorf("memory holds %x after the capture, want 02", got)
	}
}
