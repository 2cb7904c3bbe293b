//go:build !nocuda

package gpu

import (
	"fmt"

	"gorgonia.org/cu"
)

// Ptr is an address in device memory; 0 means none.
type Ptr uintptr

// Add returns the address plus a number of bytes.
func (p Ptr) Add(bytes int64) Ptr { return p + Ptr(bytes) }

// Buffer is an allocation of device memory. Its address is a multiple of 256.
type Buffer struct {
	Ptr   Ptr
	Bytes int64

	device *Device
}

// Alloc allocates device memory, whose contents are undefined. what names it in errors. If there is not enough memory
// the error is an *OutOfMemory.
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

// Free frees the memory once the device has finished all earlier work.
func (b *Buffer) Free() error {
	if b == nil || b.Ptr == 0 {
		return nil
	}
	err := cu.MemFree(cu.DevicePtr(b.Ptr))
	b.device.alive.remove(b)
	b.Ptr, b.Bytes = 0, 0
	return bindingStatus("cuMemFree", err)
}
