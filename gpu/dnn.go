//go:build !nocuda

package gpu

/*
#include <cudnn.h>
*/
import "C"

import (
	"unsafe"

	cudnn "gorgonia.org/cu/dnn"
)

// DNN is a cuDNN handle whose calls go to one stream. The caller must pass addresses of enough memory for the
// descriptors and sizes of a call, because cuDNN cannot check that.
type DNN struct {
	handle C.cudnnHandle_t
	stream *Stream
	device *Device
}

// NewDNN creates a handle for a stream. It does not use the bindings, whose constructor panics on failure and which
// cannot set the stream.
func (d *Device) NewDNN(s *Stream) (*DNN, error) {
	h := &DNN{stream: s, device: d}
	if err := dnnStatus("cudnnCreate", C.cudnnCreate(&h.handle)); err != nil {
		return nil, err
	}
	status := C.cudnnSetStream(h.handle, C.cudaStream_t(unsafe.Pointer(s.stream.C())))
	if err := dnnStatus("cudnnSetStream", status); err != nil {
		C.cudnnDestroy(h.handle)
		return nil, err
	}
	d.alive.add(h, "cuDNN handle", "")
	return h, nil
}

// queue returns the handle for a call that queues work on the stream.
func (h *DNN) queue() C.cudnnHandle_t {
	h.stream.released = false
	return h.handle
}

// Close destroys the handle.
func (h *DNN) Close() error {
	if h == nil || h.handle == nil {
		return nil
	}
	status := C.cudnnDestroy(h.handle)
	h.device.alive.remove(h)
	h.handle = nil
	return dnnStatus("cudnnDestroy", status)
}

// DataType is the type of a tensor's elements.
type DataType uint8

const (
	Float32  DataType = iota // IEEE binary32
	Float16                  // IEEE binary16
	BFloat16                 // the upper half of a Float32
)

func (t DataType) String() string { return [...]string{"float32", "float16", "bfloat16"}[t] }

func (t DataType) dnn() cudnn.DataType {
	return [...]cudnn.DataType{cudnn.Float, cudnn.Half, cudnn.DataType(C.CUDNN_DATA_BFLOAT16)}[t]
}
