//go:build !nocuda

package gpu

/*
#include <cublas_v2.h>
#include <stdint.h>

static cublasStatus_t setWorkspace(cublasHandle_t h, uintptr_t workspace, size_t bytes) {
	return cublasSetWorkspace(h, (void *)workspace, bytes);
}

static cublasStatus_t gemm(cublasHandle_t h, cublasOperation_t opA, cublasOperation_t opB, int m, int n, int k,
		float alpha, uintptr_t A, cudaDataType_t typeA, int lda, uintptr_t B, cudaDataType_t typeB, int ldb,
		float beta, uintptr_t C, cudaDataType_t typeC, int ldc, cublasComputeType_t compute) {
	return cublasGemmEx(h, opA, opB, m, n, k, &alpha, (void *)A, typeA, lda, (void *)B, typeB, ldb,
		&beta, (void *)C, typeC, ldc, compute, CUBLAS_GEMM_DEFAULT);
}
*/
import "C"

import (
	"fmt"
	"math"
	"unsafe"
)

// BLAS is a cuBLAS handle; its calls go to one stream.
type BLAS struct {
	handle C.cublasHandle_t
	device *Device
}

// NewBLAS makes a handle for a stream, with a workspace of its own: without one cuBLAS would allocate, which a captured
// stream may not do. NVIDIA advises 4 MiB, and 32 MiB from Hopper on.
func (d *Device) NewBLAS(s *Stream, workspace Ptr, bytes int64) (*BLAS, error) {
	h := &BLAS{device: d}
	if err := blasStatus("cublasCreate", C.cublasCreate(&h.handle)); err != nil {
		return nil, err
	}
	// The stream comes first: setting it takes the workspace away.
	err := blasStatus("cublasSetStream", C.cublasSetStream(h.handle, C.cudaStream_t(unsafe.Pointer(s.stream.C()))))
	if err == nil {
		err = blasStatus("cublasSetWorkspace", C.setWorkspace(h.handle, C.uintptr_t(workspace), C.size_t(bytes)))
	}
	if err != nil {
		C.cublasDestroy(h.handle)
		return nil, err
	}
	d.alive.add(h, "cuBLAS handle", "")
	return h, nil
}

// Close gives the handle back.
func (h *BLAS) Close() error {
	if h == nil || h.handle == nil {
		return nil
	}
	status := C.cublasDestroy(h.handle)
	h.device.alive.remove(h)
	h.handle = nil
	return blasStatus("cublasDestroy", status)
}

// GemmMath is the arithmetic of a product of float32 matrices. Products of 16-bit matrices use tensor cores; sums are
// float32 always.
type GemmMath uint8

const (
	Pedantic32 GemmMath = iota // float32 products and no reformulation
	FastTF32                   // products may be rounded to TF32 for tensor cores
)

// Gemm: c[rows,cols] = alpha op(a)[rows,inner] op(b)[inner,cols] + beta c, where op transposes if asked to. The
// matrices are dense and row-major; a and b are of type in, c is of type in or Float32.
func (h *BLAS) Gemm(m GemmMath, in, out DataType, transA, transB bool, rows, cols, inner int,
	alpha float32, a, b Ptr, beta float32, c Ptr) error {
	if min(rows, cols, inner) < 1 || max(rows, cols, inner) > math.MaxInt32 {
		return fmt.Errorf("gpu: Gemm: %dx%d by %dx%d, want sizes from 1 to %d", rows, inner, inner, cols, math.MaxInt32)
	}
	// cuBLAS is column-major, where a row-major matrix is its transpose: the product is cT = op(b)T op(a)T.
	status := C.gemm(h.handle, operation(transB), operation(transA), C.int(cols), C.int(rows), C.int(inner),
		C.float(alpha), C.uintptr_t(b), in.cuda(), rowLength(transB, inner, cols),
		C.uintptr_t(a), in.cuda(), rowLength(transA, rows, inner),
		C.float(beta), C.uintptr_t(c), out.cuda(), C.int(cols), m.compute(in))
	return blasStatus("cublasGemmEx", status)
}

func operation(transpose bool) C.cublasOperation_t {
	if transpose {
		return C.CUBLAS_OP_T
	}
	return C.CUBLAS_OP_N
}

// rowLength is how far apart rows lie in a matrix that is rows x cols after it is transposed or not.
func rowLength(transposed bool, rows, cols int) C.int {
	if transposed {
		return C.int(rows)
	}
	return C.int(cols)
}

func (t DataType) cuda() C.cudaDataType_t {
	return [...]C.cudaDataType_t{C.CUDA_R_32F, C.CUDA_R_16F, C.CUDA_R_16BF}[t]
}

func (m GemmMath) compute(in DataType) C.cublasComputeType_t {
	switch {
	case in != Float32:
		return C.CUBLAS_COMPUTE_32F
	case m == FastTF32:
		return C.CUBLAS_COMPUTE_32F_FAST_TF32
	}
	return C.CUBLAS_COMPUTE_32F_PEDANTIC
}
