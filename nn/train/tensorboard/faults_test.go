package tensorboard

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"resnet/data/atomicfile/disktest"
	"resnet/data/memory/memorytest"
	"resnet/nn/infer"
	"resnet/nn/train"
)

// Whatever operation on the event file fails, the file is whole afterwards: what was not written at first is written by
// the next flush, and no part of a record stands between.
func TestEveryOperationFails(t *testing.T) {
	record := func(d *disktest.Disk) (dir string, failed int) {
		dir = t.TempDir()
		o := fixed()
		o.fs = d
		w, err := create(dir, 0, o)
		if err != nil {
			return "", 1
		}
		for step := range int64(5) {
			w.Scalars(step, Scalar{Tag: "x", Value: float64(step)})
			if err := w.Flush(); err != nil {
				failed++
				if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "tensorboard: ") {
					t.Errorf("error %v, want that there is no space", err)
				}
			}
		}
		must(t, w.Flush())
		return dir, failed
	}
	sound := &disktest.Disk{}
	dir, _ := record(sound)
	whole, err := os.ReadFile(files(t, dir)[0])
	must(t, err)
	for at := 1; at <= len(sound.Ops()); at++ {
		d := &disktest.Disk{At: at, Err: syscall.ENOSPC}
		dir, failed := record(d)
		if failed != 1 {
			t.Errorf("%v: %d errors, want one", d, failed)
		}
		if dir == "" {
			continue
		}
		got, err := os.ReadFile(files(t, dir)[0])
		must(t, err)
		if !bytes.Equal(got, whole) {
			t.Errorf("%v: %d bytes, want the %d of a sound disk", d, len(got), len(whole))
		}
		eventsOf(t, files(t, dir)[0])
	}
}

// A disk that stays full does not fill the memory.
func TestKeepsNotTooMuch(t *testing.T) {
	d := &disktest.Disk{At: 4, Err: syscall.ENOSPC, Dead: true}
	o := fixed()
	o.fs = d
	w, err := create(t.TempDir(), 0, o)
	must(t, err)
	for range 40 {
		w.Text("x", 0, strings.Repeat("x", 1<<20))
		if w.Flush() == nil {
			t.Fatal("no error")
		}
		if len(w.buffer) > maxKept+2<<20 {
			t.Fatalf("%d bytes kept, want at most %d", len(w.buffer), maxKept)
		}
	}
}

// A run that was killed after an epoch's checkpoint was written and before its events were records the epoch when it
// resumes, once.
func TestLostEpochs(t *testing.T) {
	dir := t.TempDir()
	start := func(done int) train.Hooks {
		h := Hooks("", Options{})
		s := startOf(t, dir, done)
		for n := 1; n <= s.Epoch; n++ {
			s.Rows = append(s.Rows, epochOf(n, &infer.Score{Loss: float64(n)}).Row)
		}
		must(t, h.Start(s))
		return h
	}
	h := start(0)
	must(t, h.Step(stepOf(1, 1)))
	must(t, h.Epoch(epochOf(1, &infer.Score{Loss: 1})))
	must(t, h.Step(stepOf(5, 1)))
	must(t, h.Checkpoint(nil))
	// The file's end is cut off, as a kill amid a write leaves it.
	file := files(t, dir)[0]
	b, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, append(b, b[:20]...), 0o644))
	for _, c := range []struct {
		done int
		want []string
	}{
		{12, []string{"8 loss/val (scalars, class 1) scalar 2", "12 loss/val scalar 3"}},
		{12, nil}, {14, nil},
		{16, []string{"16 loss/val (scalars, class 1) scalar 4"}},
	} {
		start(c.done)
		equal(t, lines(t, dir, lossVal), c.want...)
	}
}

// FuzzLastStep reads arbitrary files, which must end and not allocate by what they claim.
func FuzzLastStep(f *testing.F) {
	w, err := create(f.TempDir(), 3, fixed())
	must(f, err)
	w.Scalars(7, Scalar{Tag: "x", Value: 1})
	must(f, w.Flush())
	b, err := os.ReadFile(w.path)
	must(f, err)
	f.Add(b)
	f.Add(b[:len(b)-3])
	f.Add(appendRecord(nil, bytes.Repeat([]byte{0x80}, 40)))
	f.Add(appendRecord(b, []byte{16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 42, 0}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := lastStepIn(bytes.NewReader(b), 1000); got < 0 || got > 1000 {
			t.Errorf("step %d, want 0 to 1000", got)
		}
		// The same content with true checksums, so that what is behind them is read.
		lastStepIn(bytes.NewReader(appendRecord(nil, b)), math.MaxInt64)
	})
}

// A record that claims to be long costs nothing.
func TestLongRecord(t *testing.T) {
	r := appendRecord(nil, nil)
	copy(r, []byte{0, 0, 0, 0, 1})
	crc := maskedCRC(r[:8])
	r[8], r[9], r[10], r[11] = byte(crc), byte(crc>>8), byte(crc>>16), byte(crc>>24)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, filePrefix+"1"), r, 0o644))
	memorytest.Limit(t, 1<<20, func() {
		if got := lastStep(dir, 9); got != 0 {
			t.Errorf("step %d, want 0", got)
		}
	})
}
