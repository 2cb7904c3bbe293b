//go:build !nocuda

package gpu

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// Arguments have the offsets that a C compiler gives to the parameters of a kernel.
func TestArgs(t *testing.T) {
	var a Args
	a.Uint32(0x01020304)
	a.Ptr(0x1112131415161718) // aligned to 8 by 4 bytes of padding
	a.Int32(-2)
	a.Float32(1.5)
	a.Int64(-3)
	a.Int32(7)
	a.Float64(-2)
	want := []byte{
		4, 3, 2, 1, 0, 0, 0, 0,
		0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
		0xfe, 0xff, 0xff, 0xff, 0, 0, 0xc0, 0x3f,
		0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		7, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0xc0,
	}
	if got := a.block[:a.bytes]; !bytes.Equal(got, want) {
		t.Errorf("arguments are\n%x, want\n%x", got, want)
	}
}

func TestArgsFull(t *testing.T) {
	var a Args
	for range maxArgs / 8 {
		a.Ptr(0)
	}
	defer func() {
		if recover() == nil {
			t.Error("one more argument than there is room for was taken")
		}
	}()
	a.Int32(0)
}

// An image that is no PTX is refused with an error that has the name of the module.
func TestLoadModuleRefuses(t *testing.T) {
	if !misuse(t) {
		return
	}
	b := onGPU(t)
	m, err := b.device.LoadModule("kernels.ptx", []byte("these are no kernels"))
	var e *Error
	if !errors.As(err, &e) || e.What != "kernels.ptx" || !strings.HasPrefix(e.Name, "CUDA_ERROR_") {
		t.Errorf("got %v, want the driver's error with the module's name", err)
	}
	b.ok(m.Close())
}
