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

// Stream is a queue of work for a device, which does it in order.
type Stream struct {
	stream  cu.Stream
	device  *Device
	options LaunchOptions
	// released says that the last work queued is a kernel that releases the next one before its own end.
	released bool
	// nodePriorities says that the graph being captured keeps the priorities of its streams.
	nodePriorities bool
}

// NewStream creates a stream that does not wait for the default stream. Its priority is the lowest.
func (d *Device) NewStream() (*Stream, error) {
	return d.newStream(func(least, _ int) int { return least })
}

// NewFirstStream creates a stream like NewStream's, but of the highest priority: where blocks of several streams could
// run next, those of its kernels do.
func (d *Device) NewFirstStream() (*Stream, error) {
	return d.newStream(func(_, greatest int) int { return greatest })
}

func (d *Device) newStream(priority func(least, greatest int) int) (*Stream, error) {
	least, greatest, err := cu.StreamPriorityRange()
	if err != nil {
		return nil, bindingStatus("cuCtxGetStreamPriorityRange", err)
	}
	s, err := cu.MakeStreamWithPriority(priority(least, greatest), cu.NonBlocking)
	if err != nil {
		return nil, bindingStatus("cuStreamCreateWithPriority", err)
	}
	stream := &Stream{stream: s, device: d}
	d.alive.add(stream, "stream", "")
	return stream, nil
}

// handle returns the C handle for our own calls.
func (s *Stream) handle() C.CUstream { return C.CUstream(unsafe.Pointer(s.stream.C())) }

// ToDevice copies bytes of src, from offset at on, to device memory.
func (s *Stream) ToDevice(dst Ptr, src *Pinned, at, bytes int64) error {
	from, err := src.part(at, bytes)
	if err != nil {
		return err
	}
	s.released = false
	return bindingStatus("cuMemcpyHtoDAsync", cu.MemcpyHtoDAsync(cu.DevicePtr(dst), from, bytes, s.stream))
}

// ToHost copies device memory to dst, from offset at on.
func (s *Stream) ToHost(dst *Pinned, at int64, src Ptr, bytes int64) error {
	to, err := dst.part(at, bytes)
	if err != nil {
		return err
	}
	s.released = false
	return bindingStatus("cuMemcpyDtoHAsync", cu.MemcpyDtoHAsync(to, cu.DevicePtr(src), bytes, s.stream))
}

// Copy copies between two regions of device memory, which must not overlap.
func (s *Stream) Copy(dst, src Ptr, bytes int64) error {
	s.released = false
	return bindingStatus("cuMemcpyDtoDAsync", cu.MemcpyDtoDAsync(cu.DevicePtr(dst), cu.DevicePtr(src), bytes, s.stream))
}

// Fill sets device memory to copies of a 32-bit word; bytes is a multiple of 4.
func (s *Stream) Fill(dst Ptr, word uint32, bytes int64) error {
	if bytes < 0 || bytes%4 != 0 {
		return fmt.Errorf("gpu: Fill: %d bytes, want a multiple of 4", bytes)
	}
	s.released = false
	return bindingStatus("cuMemsetD32Async", cu.MemsetD32Async(cu.DevicePtr(dst), uint(word), bytes/4, s.stream))
}

// Wait makes later work of the stream wait for the last recording of the event.
func (s *Stream) Wait(e *Event) error {
	s.released = false
	return bindingStatus("cuStreamWaitEvent", s.stream.Wait(e.event, 0))
}

// Sync waits for all work so far and returns an error if any of it failed.
func (s *Stream) Sync() error {
	return bindingStatus("cuStreamSynchronize", s.stream.Synchronize())
}

// Close destroys the stream; work in it still finishes.
func (s *Stream) Close() error {
	if s == nil || s.stream == cu.NoStream {
		return nil
	}
	err := s.stream.Destroy()
	s.device.alive.remove(s)
	return bindingStatus("cuStreamDestroy", err)
}
