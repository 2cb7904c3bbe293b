//go:build !nocuda

package gpu

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func counting(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i*7 + i>>8)
	}
	return data
}

// Bytes come back as they went, from any offset to any other.
func TestCopies(t *testing.T) {
	b := onGPU(t)
	const n = 1003
	want := counting(n)
	x, y := b.alloc(n), b.alloc(n)
	up := must(b.device.AllocPinned("up", n))(b)
	down := must(b.device.AllocPinned("down", n))(b)
	copy(up.Bytes(), want)
	clear(down.Bytes())

	b.ok(b.stream.ToDevice(x, up, 0, n))
	b.ok(b.stream.Copy(y.Add(3), x.Add(1), n-3))
	b.ok(b.stream.Copy(y, x, 3))
	b.ok(b.stream.ToHost(down, 0, y, 10))
	b.ok(b.stream.ToHost(down, 10, y.Add(10), n-11))
	b.ok(b.stream.Sync())
	want = append(append(append([]byte(nil), want[:3]...), want[1:n-3]...), 0)
	if !bytes.Equal(down.Bytes(), want) {
		t.Error("the bytes that came back differ from those that went")
	}

	for _, c := range [][2]int64{{-1, 1}, {0, n + 1}, {n, 1}, {1, -1}} {
		if b.stream.ToDevice(x, up, c[0], c[1]) == nil || b.stream.ToHost(down, c[0], x, c[1]) == nil {
			t.Errorf("a copy of %d bytes at %d of %d was not refused", c[1], c[0], n)
		}
	}
	b.ok(errors.Join(up.Free(), up.Free(), down.Free()))
}

func TestFill(t *testing.T) {
	b := onGPU(t)
	x := b.alloc(64)
	b.ok(b.stream.Fill(x, 0x01020304, 64))
	b.ok(b.stream.Fill(x.Add(8), 0xfffffffe, 12))
	want := append(bytes.Repeat([]byte{4, 3, 2, 1}, 2), bytes.Repeat([]byte{0xfe, 0xff, 0xff, 0xff}, 3)...)
	want = append(want, bytes.Repeat([]byte{4, 3, 2, 1}, 11)...)
	if got := b.download(x, 64); !bytes.Equal(got, want) {
		t.Errorf("memory holds %x, want %x", got, want)
	}
	if err := b.stream.Fill(x, 0, 6); err == nil || !strings.Contains(err.Error(), "6 bytes, want a multiple of 4") {
		t.Errorf("a fill of 6 bytes gave %v", err)
	}
}

// An event orders two streams and says when work is done.
func TestEvents(t *testing.T) {
	b := onGPU(t)
	const n = 1 << 20
	other := must(b.device.NewStream())(b)
	b.closing(other)
	start, end := must(b.device.NewEvent(true))(b), must(b.device.NewEvent(true))(b)
	filled := must(b.device.NewEvent(false))(b)
	for _, e := range []*Event{start, filled, end} {
		b.closing(e)
	}
	if done := must(filled.Done())(b); !done {
		t.Error("an event that was not recorded is not done")
	}
	x, y := b.alloc(n), b.alloc(n)
	b.ok(start.Record(b.stream))
	b.ok(b.stream.Fill(y, 1, n))
	b.ok(b.stream.Fill(x, 0x05050505, n))
	b.ok(filled.Record(b.stream))
	b.ok(other.Wait(filled))
	b.ok(other.Copy(y, x, n))
	b.ok(end.Record(other))
	b.ok(end.Sync())
	for _, e := range []*Event{filled, end} {
		if done := must(e.Done())(b); !done {
			t.Error("work that was waited for is not done")
		}
	}
	if got := b.download(y, n); !bytes.Equal(got, bytes.Repeat([]byte{5}, n)) {
		t.Error("the copy on the other stream did not wait for the fill")
	}
	if ms := must(end.Since(start))(b); ms < 0 || ms > 60e3 {
		t.Errorf("%v ms passed", ms)
	}
}

func TestSinceWithoutTiming(t *testing.T) {
	if !misuse(t) {
		return
	}
	b := onGPU(t)
	start, end := must(b.device.NewEvent(true))(b), must(b.device.NewEvent(false))(b)
	b.closing(start)
	b.closing(end)
	b.ok(start.Record(b.stream))
	b.ok(end.Record(b.stream))
	b.ok(end.Sync())
	if _, err := end.Since(start); err == nil {
		t.Error("an event without timing gave a time")
	}
}

func TestAllocErrors(t *testing.T) {
	b := onGPU(t)
	for _, n := range []int64{0, -1} {
		if _, err := b.device.Alloc("arena", n); err == nil || !strings.Contains(err.Error(), "arena") {
			t.Errorf("device memory of %d bytes gave %v", n, err)
		}
		if _, err := b.device.AllocPinned("slot", n); err == nil || !strings.Contains(err.Error(), "slot") {
			t.Errorf("pinned memory of %d bytes gave %v", n, err)
		}
	}
	_, total, err := b.device.MemInfo()
	b.ok(err)
	_, err = b.device.Alloc("arena", total+1)
	var room *OutOfMemory
	if !errors.As(err, &room) {
		t.Fatalf("more than there is gave %v, want an *OutOfMemory", err)
	}
	if room.What != "arena" || room.Asked != total+1 || room.Total != total || room.Free < 1 || room.Free > total {
		t.Errorf("got %+v of %d bytes", *room, total)
	}
}

// Nothing is allocated by Go for the work of a step.
func TestNoGarbage(t *testing.T) {
	b := onGPU(t)
	x, y := b.alloc(64), b.alloc(64)
	pinned := must(b.device.AllocPinned("slot", 64))(b)
	defer func() { b.ok(pinned.Free()) }()
	e := must(b.device.NewEvent(false))(b)
	b.closing(e)
	b.ok(b.stream.BeginCapture())
	b.ok(b.stream.Fill(x, 0, 64))
	g := must(b.stream.EndCapture())(b)
	b.closing(g)
	got := testing.AllocsPerRun(20, func() {
		leave := b.device.Enter()
		b.ok(b.stream.ToDevice(x, pinned, 0, 64))
		b.ok(b.stream.Copy(y, x, 64))
		b.ok(b.stream.Fill(y, 0, 64))
		b.ok(b.stream.ToHost(pinned, 0, y, 64))
		b.ok(g.Launch(b.stream))
		b.ok(e.Record(b.stream))
		b.ok(b.stream.Sync())
		leave()
	})
	if got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}
