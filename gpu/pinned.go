//go:build !nocuda

package gpu

/*
#include <cuda.h>
*/
import "C"

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"
)

// Pinned is host memory that the device copies from and to on its own: the operating system keeps it in place.
type Pinned struct {
	address unsafe.Pointer
	bytes   int64
	device  *Device
}

// AllocPinned takes pinned host memory; its contents are undefined. What names it in errors.
func (d *Device) AllocPinned(what string, bytes int64) (*Pinned, error) {
	if bytes <= 0 {
		return nil, fmt.Errorf("gpu: AllocPinned %s: %d bytes, want 1 or more", what, bytes)
	}
	p := &Pinned{bytes: bytes, device: d}
	if status := C.cuMemHostAlloc(&p.address, C.size_t(bytes), 0); status != C.CUDA_SUCCESS {
		err := driverError("cuMemHostAlloc", what, int(status))
		if status == C.CUDA_ERROR_OUT_OF_MEMORY {
			err.Hint = size(bytes) + " of host memory could not be pinned: " +
				"see ulimit -l and the container's memory limit"
		}
		return nil, err
	}
	d.alive.add(p, "pinned buffer", what)
	return p, nil
}

// Bytes is the memory. It is not the garbage collector's: nobody may use it after Free.
func (p *Pinned) Bytes() []byte {
	return unsafe.Slice((*byte)(p.address), p.bytes)
}

// part is the address of bytes at an offset, or an error if they lie outside.
func (p *Pinned) part(at, bytes int64) (unsafe.Pointer, error) {
	if at < 0 || bytes < 0 || at > p.bytes-bytes {
		return nil, fmt.Errorf("gpu: copy of bytes %d to %d of %d pinned", at, at+bytes, p.bytes)
	}
	return unsafe.Add(p.address, at), nil
}

// Free gives the memory back.
func (p *Pinned) Free() error {
	if p == nil || p.address == nil {
		return nil
	}
	err := cu.MemFreeHost(p.address)
	p.device.alive.remove(p)
	p.address, p.bytes = nil, 0
	return bindingStatus("cuMemFreeHost", err)
}
