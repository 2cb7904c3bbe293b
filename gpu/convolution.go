//go:build !nocuda

package gpu

/*
#include <cudnn.h>
#include <stdint.h>

static const float one = 1;

static cudnnStatus_t convolutionForward(cudnnHandle_t h, cudnnConvolutionDescriptor_t c, int algorithm,
		uintptr_t workspace, size_t bytes, cudnnTensorDescriptor_t x, uintptr_t xp,
		cudnnFilterDescriptor_t w, uintptr_t wp, float beta, cudnnTensorDescriptor_t y, uintptr_t yp) {
	return cudnnConvolutionForward(h, &one, x, (void *)xp, w, (void *)wp, c, algorithm,
		(void *)workspace, bytes, &beta, y, (void *)yp);
}

static cudnnStatus_t convolutionBackwardData(cudnnHandle_t h, cudnnConvolutionDescriptor_t c, int algorithm,
		uintptr_t workspace, size_t bytes, cudnnFilterDescriptor_t w, uintptr_t wp,
		cudnnTensorDescriptor_t dy, uintptr_t dyp, float beta, cudnnTensorDescriptor_t dx, uintptr_t dxp) {
	return cudnnConvolutionBackwardData(h, &one, w, (void *)wp, dy, (void *)dyp, c, algorithm,
		(void *)workspace, bytes, &beta, dx, (void *)dxp);
}

static cudnnStatus_t convolutionBackwardFilter(cudnnHandle_t h, cudnnConvolutionDescriptor_t c, int algorithm,
		uintptr_t workspace, size_t bytes, cudnnTensorDescriptor_t x, uintptr_t xp,
		cudnnTensorDescriptor_t dy, uintptr_t dyp, float beta, cudnnFilterDescriptor_t dw, uintptr_t dwp) {
	return cudnnConvolutionBackwardFilter(h, &one, x, (void *)xp, dy, (void *)dyp, c, algorithm,
		(void *)workspace, bytes, &beta, dw, (void *)dwp);
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	cudnn "gorgonia.org/cu/dnn"
)

// Math is the arithmetic that a convolution may use. Sums are always float32.
type Math uint8

const (
	FMA      Math = iota // float32 products, no tensor cores
	TF32                 // float32 products may be rounded to TF32 (10 bits of mantissa) for tensor cores
	TensorOp             // tensor cores for 16-bit tensors
)

func (m Math) String() string { return [...]string{"FMA", "TF32", "TensorOp"}[m] }

func (m Math) dnn() C.cudnnMathType_t {
	return [...]C.cudnnMathType_t{C.CUDNN_FMA_MATH, C.CUDNN_DEFAULT_MATH, C.CUDNN_TENSOR_OP_MATH}[m]
}

// Convolution describes a convolution (a cross-correlation, as is usual in networks) with one group and no dilation.
// cuDNN pads opposite sides equally.
type Convolution struct {
	PadH, PadW, StrideH, StrideW int
	Math                         Math

	handle  C.cudnnConvolutionDescriptor_t
	current Math // math type that the descriptor has now
}

// NewConvolution describes a convolution whose algorithms may use the given math.
func NewConvolution(padH, padW, strideH, strideW int, math Math) (*Convolution, error) {
	if min(padH, padW) < 0 || min(strideH, strideW) < 1 {
		return nil, fmt.Errorf("gpu: convolution of pad %dx%d and stride %dx%d, want pads from 0 and strides from 1",
			padH, padW, strideH, strideW)
	}
	binding, err := cudnn.NewConvolution(cudnn.DefaultMath, 1, []int{padH, padW}, []int{strideH, strideW}, []int{1, 1},
		cudnn.CrossCorrelation, cudnn.Float)
	if err != nil {
		return nil, dnnBindingStatus("cudnnSetConvolution2dDescriptor", err)
	}
	runtime.SetFinalizer(binding, nil) // Close destroys it, not the garbage collector
	c := &Convolution{PadH: padH, PadW: padW, StrideH: strideH, StrideW: strideW, Math: math}
	c.handle = C.cudnnConvolutionDescriptor_t(field0(unsafe.Pointer(binding)))
	// The bindings set the math type first; the calls after it may reset it.
	if err := c.setMath(math); err != nil {
		C.cudnnDestroyConvolutionDescriptor(c.handle)
		return nil, err
	}
	descriptors.add(c, "convolution descriptor", "")
	return c, nil
}

// use sets the math type of the descriptor to m.
func (c *Convolution) use(m Math) error {
	if c.current == m {
		return nil
	}
	return c.setMath(m)
}

func (c *Convolution) setMath(m Math) error {
	if err := dnnStatus("cudnnSetConvolutionMathType", C.cudnnSetConvolutionMathType(c.handle, m.dnn())); err != nil {
		return err
	}
	c.current = m
	return nil
}

// Close destroys the descriptor.
func (c *Convolution) Close() error {
	if c == nil || c.handle == nil {
		return nil
	}
	status := C.cudnnDestroyConvolutionDescriptor(c.handle)
	descriptors.remove(c)
	c.handle = nil
	return dnnStatus("cudnnDestroyConvolutionDescriptor", status)
}

// ConvolutionTensors are the input, weight and output of a convolution, or their gradients: descriptors, and where the
// tensors are.
type ConvolutionTensors struct {
	X, Y             *Tensor
	W                *Filter
	XPtr, WPtr, YPtr Ptr
}

// ConvolutionForward: y = x * w + beta y. The workspace has a.Workspace bytes, here and below.
func (h *DNN) ConvolutionForward(c *Convolution, a Algorithm, t ConvolutionTensors, workspace Ptr,
	beta float32) error {
	if err := c.use(a.Math); err != nil {
		return err
	}
	return dnnStatus("cudnnConvolutionForward", C.convolutionForward(h.queue(), c.handle, C.int(a.ID),
		C.uintptr_t(workspace), C.size_t(a.Workspace), t.X.handle, C.uintptr_t(t.XPtr), t.W.handle, C.uintptr_t(t.WPtr),
		C.float(beta), t.Y.handle, C.uintptr_t(t.YPtr)))
}

// ConvolutionBackwardData: dx = dy * flipped w + beta dx, with dx and dy in place of x and y.
func (h *DNN) ConvolutionBackwardData(c *Convolution, a Algorithm, t ConvolutionTensors, workspace Ptr,
	beta float32) error {
	if err := c.use(a.Math); err != nil {
		return err
	}
	return dnnStatus("cudnnConvolutionBackwardData", C.convolutionBackwardData(h.queue(), c.handle, C.int(a.ID),
		C.uintptr_t(workspace), C.size_t(a.Workspace), t.W.handle, C.uintptr_t(t.WPtr), t.Y.handle, C.uintptr_t(t.YPtr),
		C.float(beta), t.X.handle, C.uintptr_t(t.XPtr)))
}

// ConvolutionBackwardFilter: dw = x * dy + beta dw, summed over the batch, with dw and dy in place of w and y.
func (h *DNN) ConvolutionBackwardFilter(c *Convolution, a Algorithm, t ConvolutionTensors, workspace Ptr,
	beta float32) error {
	if err := c.use(a.Math); err != nil {
		return err
	}
	return dnnStatus("cudnnConvolutionBackwardFilter", C.convolutionBackwardFilter(h.queue(), c.handle, C.int(a.ID),
		C.uintptr_t(workspace), C.size_t(a.Workspace), t.X.handle, C.uintptr_t(t.XPtr), t.Y.handle, C.uintptr_t(t.YPtr),
		C.float(beta), t.W.handle, C.uintptr_t(t.WPtr)))
}
