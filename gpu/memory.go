//go:build !nocuda

package gpu

import (
	"fmt"

	"gorgonia.org/cu"
)

// Ptr is an address in device memory, 0 for none.
type Ptr uintptr

// Add is the address some bytes on.
func (p Ptr) Add(bytes int64) Ptr { return p + Ptr(bytes) }

// Buffer is a run of device memory. Its address is a multiple of 256.
type Buffer struct {
	Ptr   Ptr
	Bytes int64

	device *Device
}

// Alloc takes device memory; its contents are undefined. What names it in errors. When it does not fit the error is an
// *OutOfMemory.
func (d *Device) Alloc(what string, bytes int64) (*Buffer, error) {
	if bytes <= 0 {
		return nil, fmt.Errorf("gpu: Alloc %s: %d bytes, want 1 or more", what, bytes)
	}
	p, err := cu.MemAlloc(bytes)
	if err == cu.OutOfMemory {
		e := &OutOfMemory{What: what, Asked: bytes}
		if e.Free, e.Total, err = d.MemInfo(); err != nil {
			return nil, err
		}
		return nil, e
	}
	if err != nil {
		return nil, driverError("cuMemAlloc", what, bindingCode(err))
	}
	b := &Buffer{Ptr: Ptr(p), Bytes: bytes, device: d}
	d.alive.add(b, "buffer", what)
	return b, nil
}

// Free gives the memory back once the device has finished all earlier work.
func (b *Buffer) Free() error {
	if b == nil || b.Ptr == 0 {
		return nil
	}
	err := cu.MemFree(cu.DevicePtr(b.Ptr))
	b.device.alive.remove(b)
	b.Ptr, b.Bytes = 0, 0
	return bindingStatus("cuMemFree", err)
}
