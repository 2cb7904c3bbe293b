//go:build !nocuda

package gpu

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"resnet/gpu/gputest"
)

// A graph does its work at each launch, with the contents that memory has then.
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

// An empty capture gives a graph without nodes.
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

// A capture affects its own thread only: other threads may allocate.
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

// A capture forks to another stream and is joined again. A branch starts when the work before the fork is done, and the
// work after the join when both branches are.
func TestGraphBranches(t *testing.T) {
	b := onGPU(t)
	const n = 1 << 16
	other := must(b.device.NewStream())(b)
	b.closing(other)
	begin, end := must(b.device.NewEvent(false))(b), must(b.device.NewEvent(false))(b)
	b.closing(begin)
	b.closing(end)
	var w, x, y, z Ptr
	for _, p := range []*Ptr{&w, &x, &y, &z} {
		*p = b.upload(make([]byte, n))
	}
	b.ok(b.stream.BeginCapture())
	b.ok(b.stream.Fill(x, 0x07070707, n))
	b.ok(begin.Record(b.stream))
	b.ok(other.Wait(begin))
	b.ok(other.Copy(y, x, n))
	b.ok(b.stream.Copy(z, x, n))
	b.ok(end.Record(other))
	b.ok(b.stream.Wait(end))
	b.ok(b.stream.Copy(w, y, n))
	g := must(b.stream.EndCapture())(b)
	b.closing(g)
	if g.Nodes() != 4 {
		t.Errorf("%d nodes, want 4", g.Nodes())
	}
	b.ok(g.Launch(b.stream))
	for name, p := range map[string]Ptr{"w": w, "z": z} {
		if got := b.download(p, n); !bytes.Equal(got, bytes.Repeat([]byte{7}, n)) {
			t.Errorf("%s begins with %x, want 07", name, got[:16])
		}
	}
	if b.emulated() && os.Getenv(orderVariable) == "" {
		gputest.Again(t, t.Name(), orderVariable+"=others-first")
	}
}

// orderVariable lets the emulated device run branches in another order.
const orderVariable = "RESNET_EMU_ORDER"

// A capture with a branch that was not joined fails, and both streams can be used again.
func TestGraphBranchLost(t *testing.T) {
	if !misuse(t) {
		return
	}
	b := onGPU(t)
	other := must(b.device.NewStream())(b)
	b.closing(other)
	begin := must(b.device.NewEvent(false))(b)
	b.closing(begin)
	x := b.alloc(64)
	b.ok(b.stream.BeginCapture())
	b.ok(b.stream.Fill(x, 1, 64))
	b.ok(begin.Record(b.stream))
	b.ok(other.Wait(begin))
	b.ok(other.Fill(x, 2, 64))
	const want = "CUDA_ERROR_STREAM_CAPTURE_UNJOINED"
	var e *Error
	if g, err := b.stream.EndCapture(); !errors.As(err, &e) || e.Name != want || e.Hint == "" {
		t.Errorf("got %v, want %s with a hint", err, want)
		b.ok(g.Close())
	}
	b.ok(other.Fill(x, 0x03030303, 64))
	b.ok(other.Sync())
	if got := b.download(x, 64); !bytes.Equal(got, bytes.Repeat([]byte{3}, 64)) {
		t.Errorf("memory holds %x after the capture, want 03", got)
	}
}

// A capture that was invalidated ends with an error, and the stream can be used again.
func TestSpoiltCapture(t *testing.T) {
	if !misuse(t) {
		return
	}
	b := onGPU(t)
	x := b.alloc(64)
	b.ok(b.stream.BeginCapture())
	b.ok(b.stream.Fill(x, 1, 64))
	var e *Error
	if err := b.stream.Sync(); !errors.As(err, &e) || e.Name != "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED" ||
		e.Hint == "" {
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
