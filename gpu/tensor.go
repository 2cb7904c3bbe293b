//go:build !nocuda

package gpu

/*
#include <cudnn.h>
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"

	cudnn "gorgonia.org/cu/dnn"
)

// Tensor describes a dense tensor N, C, H, W that lies in memory as N, H, W, C.
type Tensor struct {
	Type       DataType
	N, C, H, W int

	handle C.cudnnTensorDescriptor_t
}

// NewTensor describes a tensor. cuDNN takes up to 2^31-1 elements.
func NewTensor(t DataType, n, c, h, w int) (*Tensor, error) {
	if err := checkDims("tensor", n, c, h, w); err != nil {
		return nil, err
	}
	binding, err := cudnn.NewTensorDescriptor(cudnn.NHWC, t.dnn(), []int{n, c, h, w}, nil)
	if err != nil {
		return nil, dnnBindingStatus("cudnnSetTensor4dDescriptor", err)
	}
	runtime.SetFinalizer(binding, nil) // Close destroys it, not the collector
	x := &Tensor{Type: t, N: n, C: c, H: h, W: w, handle: C.cudnnTensorDescriptor_t(field0(unsafe.Pointer(binding)))}
	descriptors.add(x, "tensor descriptor", "")
	return x, nil
}

func (x *Tensor) String() string { return fmt.Sprintf("%s %dx%dx%dx%d", x.Type, x.N, x.C, x.H, x.W) }

// Close gives the descriptor back.
func (x *Tensor) Close() error {
	if x == nil || x.handle == nil {
		return nil
	}
	status := C.cudnnDestroyTensorDescriptor(x.handle)
	descriptors.remove(x)
	x.handle = nil
	return dnnStatus("cudnnDestroyTensorDescriptor", status)
}

// Filter describes a convolution's weights K, C, R, S (output and input channels, height, width) that lie in memory as
// K, R, S, C.
type Filter struct {
	Type       DataType
	K, C, R, S int

	handle C.cudnnFilterDescriptor_t
}

// NewFilter describes weights.
func NewFilter(t DataType, k, c, r, s int) (*Filter, error) {
	if err := checkDims("filter", k, c, r, s); err != nil {
		return nil, err
	}
	binding, err := cudnn.NewFilter(t.dnn(), cudnn.NHWC, []int{k, c, r, s})
	if err != nil {
		return nil, dnnBindingStatus("cudnnSetFilter4dDescriptor", err)
	}
	w := &Filter{Type: t, K: k, C: c, R: r, S: s, handle: C.cudnnFilterDescriptor_t(field0(unsafe.Pointer(binding)))}
	descriptors.add(w, "filter descriptor", "")
	return w, nil
}

func (w *Filter) String() string { return fmt.Sprintf("%s %dx%dx%dx%d", w.Type, w.K, w.C, w.R, w.S) }

// Close gives the descriptor back.
func (w *Filter) Close() error {
	if w == nil || w.handle == nil {
		return nil
	}
	status := C.cudnnDestroyFilterDescriptor(w.handle)
	descriptors.remove(w)
	w.handle = nil
	return dnnStatus("cudnnDestroyFilterDescriptor", status)
}

// checkDims refuses a shape that cuDNN's 32-bit strides cannot hold.
func checkDims(what string, a, b, c, d int) error {
	elements := 1
	for _, n := range [4]int{a, b, c, d} {
		if n < 1 || n > math.MaxInt32/elements {
			return fmt.Errorf("gpu: %s %dx%dx%dx%d, want 1 to %d elements", what, a, b, c, d, math.MaxInt32)
		}
		elements *= n
	}
	return nil
}
