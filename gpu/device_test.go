//go:build !nocuda

package gpu

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestDevice(t *testing.T) {
	b := onGPU(t)
	if b.device.Index() != 0 || b.device.Name() == "" {
		t.Errorf("device %d is called %q, want 0 with a name", b.device.Index(), b.device.Name())
	}
	if major, minor := b.device.ComputeCapability(); major < 5 || minor < 0 || minor > 9 {
		t.Errorf("compute capability %d.%d", major, minor)
	}
	if n := b.device.Multiprocessors(); n < 1 {
		t.Errorf("%d multiprocessors", n)
	}
	if n := b.device.L2Bytes(); n < 1 {
		t.Errorf("%d bytes of L2 cache", n)
	}
	if n := b.device.SharedMemory(); n < 48<<10 {
		t.Errorf("%d bytes of shared memory a block", n)
	}
	free, total, err := b.device.MemInfo()
	if err != nil || free < 1 || free > total {
		t.Errorf("%d of %d bytes free, %v", free, total, err)
	}
}

// Tasks run at the same time, each with the device's context, and their errors keep the tasks' order.
func TestTogether(t *testing.T) {
	b := onGPU(t)
	met := make(chan bool)
	task := func(name string, meet func()) func() error {
		return func() error {
			meet()
			x, err := b.device.Alloc(name, 256)
			return errors.Join(err, x.Free(), errors.New(name))
		}
	}
	err := b.device.Together(task("first", func() { <-met }), task("second", func() { met <- true }))
	if err == nil || err.Error() != "first\nsecond" {
		t.Errorf("got %v, want the errors first and second", err)
	}
}

func TestOpenOutOfRange(t *testing.T) {
	requireGPU(t)
	n, err := Count()
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range []int{-1, n} {
		_, err := Open(index)
		want := fmt.Sprintf("gpu: device %d, want 0 to %d (this machine has", index, n-1)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s ...", err, want)
		}
	}
}

// Close names what was not given back, once, and then does nothing.
func TestLeaks(t *testing.T) {
	onGPU(t)
	d, err := Open(0)
	if err != nil {
		t.Fatal(err)
	}
	leave := d.Enter()
	var made []interface{ Close() error }
	s, err := d.NewStream()
	made = append(made, s)
	e, err2 := d.NewEvent(false)
	made = append(made, e)
	x, err3 := d.Alloc("weights", 256)
	y, err4 := d.Alloc("arena", 256)
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	if got, want := d.alive.String(), "1 event, 1 stream, 2 buffers (arena, weights)"; got != want {
		t.Errorf("alive: %s, want %s", got, want)
	}
	for _, m := range made {
		if err := errors.Join(m.Close(), m.Close()); err != nil {
			t.Error(err)
		}
	}
	if err := errors.Join(x.Free(), x.Free()); err != nil {
		t.Error(err)
	}
	defer func() {
		if err := y.Free(); err != nil { // the test's own device keeps the context
			t.Error(err)
		}
		leave()
	}()
	err = d.Close()
	if want := "gpu: device 0 closed with 1 buffer (arena) still alive"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := d.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

// Descriptors belong to no device: the last one that is closed names them.
func TestDescriptorLeaks(t *testing.T) {
	if !misuse(t) {
		return
	}
	requireGPU(t)
	x, err := NewTensor(Float32, 1, 2, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(0)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Close()
	if want := "gpu: device 0 closed with 1 tensor descriptor still alive"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := errors.Join(x.Close(), x.Close()); err != nil {
		t.Error(err)
	}
}

// Closing what was never made does nothing.
func TestCloseNil(t *testing.T) {
	for _, x := range []interface{ Close() error }{
		(*Device)(nil), (*Stream)(nil), (*Event)(nil), (*Graph)(nil), (*Module)(nil), (*DNN)(nil), (*BLAS)(nil),
		(*Tensor)(nil), (*Filter)(nil), (*Convolution)(nil), (*BatchNorm)(nil), (*Pooling)(nil),
	} {
		if err := x.Close(); err != nil {
			t.Errorf("%T: %v", x, err)
		}
	}
	if err := errors.Join((*Buffer)(nil).Free(), (*Pinned)(nil).Free()); err != nil {
		t.Error(err)
	}
}
