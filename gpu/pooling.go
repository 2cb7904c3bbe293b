//go:build !nocuda

package gpu

/*
#include <cudnn.h>
#include <stdint.h>

static const float one = 1;

static cudnnStatus_t poolForward(cudnnHandle_t h, cudnnPoolingDescriptor_t p,
		cudnnTensorDescriptor_t x, uintptr_t xp, cudnnTensorDescriptor_t y, uintptr_t yp) {
	const float zero = 0;
	return cudnnPoolingForward(h, p, &one, x, (void *)xp, &zero, y, (void *)yp);
}

static cudnnStatus_t poolBackward(cudnnHandle_t h, cudnnPoolingDescriptor_t p, cudnnTensorDescriptor_t y,
		uintptr_t yp, uintptr_t dyp, cudnnTensorDescriptor_t x, uintptr_t xp, float beta, uintptr_t dxp) {
	return cudnnPoolingBackward(h, p, &one, y, (void *)yp, y, (void *)dyp, x, (void *)xp, &beta, x, (void *)dxp);
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	cudnn "gorgonia.org/cu/dnn"
)

// Pooling describes average pooling. cuDNN pads opposite sides equally.
type Pooling struct {
	handle C.cudnnPoolingDescriptor_t
}

// NewAvgPool describes the mean over windows of kernelH x kernelW, in which padding counts as zeros.
func NewAvgPool(kernelH, kernelW, padH, padW, strideH, strideW int) (*Pooling, error) {
	if min(kernelH, kernelW, strideH, strideW) < 1 || min(padH, padW) < 0 {
		return nil, fmt.Errorf(
			"gpu: pooling of kernel %dx%d, pad %dx%d and stride %dx%d, want pads from 0, the others from 1",
			kernelH, kernelW, padH, padW, strideH, strideW)
	}
	binding, err := cudnn.NewPooling(cudnn.AverageCountIncludePadding, cudnn.PropagateNan,
		[]int{kernelH, kernelW}, []int{strideH, strideW}, []int{padH, padW})
	if err != nil {
		return nil, dnnBindingStatus("cudnnSetPooling2dDescriptor", err)
	}
	runtime.SetFinalizer(binding, nil) // Close destroys it, not the garbage collector
	p := &Pooling{handle: C.cudnnPoolingDescriptor_t(field0(unsafe.Pointer(binding)))}
	descriptors.add(p, "pooling descriptor", "")
	return p, nil
}

// PoolForward: y = mean of x over each window.
func (h *DNN) PoolForward(p *Pooling, x *Tensor, xp Ptr, y *Tensor, yp Ptr) error {
	return dnnStatus("cudnnPoolingForward",
		C.poolForward(h.queue(), p.handle, x.handle, C.uintptr_t(xp), y.handle, C.uintptr_t(yp)))
}

// PoolBackward: dx = beta dx + dy / (kernelH kernelW), summed over the windows. cuDNN also needs x and y of the forward
// pass.
func (h *DNN) PoolBackward(p *Pooling, y *Tensor, yp, dyp Ptr, x *Tensor, xp, dxp Ptr, beta float32) error {
	status := C.poolBackward(h.queue(), p.handle, y.handle, C.uintptr_t(yp), C.uintptr_t(dyp),
		x.handle, C.uintptr_t(xp), C.float(beta), C.uintptr_t(dxp))
	return dnnStatus("cudnnPoolingBackward", status)
}

// Close destroys the descriptor.
func (p *Pooling) Close() error {
	if p == nil || p.handle == nil {
		return nil
	}
	status := C.cudnnDestroyPoolingDescriptor(p.handle)
	descriptors.remove(p)
	p.handle = nil
	return dnnStatus("cudnnDestroyPoolingDescriptor", status)
}
