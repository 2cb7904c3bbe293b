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

// BLAS is a cuBLAS handle whose calls go to one stream.
type BLAS struct {
	handle C.cublasHandle_t
	stream *Stream
	device *Device
}

// NewBLAS creates a handle for a stream with a workspace of its own. Without one cuBLAS would allocate memory, which is
// not allowed while a stream is captured. NVIDIA recommends 4 MiB, and 32 MiB from Hopper on.
func (d *Device) NewBLAS(s *Stream, workspace Ptr, bytes int64) (*BLAS, error) {
	h := &BLAS{stream: s, device: d}
	if err := blasStatus("cublasCreate", C.cublasCreate(&h.handle)); err != nil {
		return nil, err
	}
	// The stream comes first, because setting it resets the workspace.
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

// Close destroys the handle.
func (h *BLAS) Close() error {
	if h == nil || h.handle == nil {
		return nil
	}
	status := C.cublasDestroy(h.handle)
	h.device.alive.remove(h)
	h.handle = nil
	return blasStatus("cublasDestroy", status)
}

// GemmMath is the arithmetic of a product of float32 matrices. Products of 16-bit matrices use tensor cores. Sums are
// always float32.
type GemmMath uint8

const (
	Pedantic32 GemmMath = iota // float32 products, no reformulation of the algorithm
	FastTF32                   // products may be rounded to TF32 for tensor cores
)

// Product describes a product of matrices:
//
//	c[Rows,Cols] = Alpha op(a)[Rows,Inner] op(b)[Inner,Cols] + Beta c
//
// where op transposes if TransA or TransB says so. The matrices are dense and row-major; a and b are of type In, c is
// of type Out, which is In or Float32.
type Product struct {
	Rows, Cols, Inner int
	TransA, TransB    bool
	In, Out           DataType
	Math              GemmMath
	Alpha, Beta       float32
}

// Gemm computes a product.
func (h *BLAS) Gemm(p Product, a, b, c Ptr) error {
	rows, cols, inner := p.Rows, p.Cols, p.Inner
	if min(rows, cols, inner) < 1 || max(rows, cols, inner) > math.MaxInt32 {
		return fmt.Errorf("gpu: Gemm: %dx%d by %dx%d, want sizes from 1 to %d", rows, inner, inner, cols, math.MaxInt32)
	}
	// cuBLAS is column-major, and a row-major matrix read as column-major is its transpose: the product is cT = op(b)T
	// op(a)T.
	h.stream.released = false
	status := C.gemm(h.handle, operation(p.TransB), operation(p.TransA), C.int(cols), C.int(rows), C.int(inner),
		C.float(p.Alpha), C.uintptr_t(b), p.In.cuda(), rowLength(p.TransB, inner, cols),
		C.uintptr_t(a), p.In.cuda(), rowLength(p.TransA, rows, inner),
		C.float(p.Beta), C.uintptr_t(c), p.Out.cuda(), C.int(cols), p.Math.compute(p.In))
	return blasStatus("cublasGemmEx", status)
}

func operation(transpose bool) C.cublasOperation_t {
	if transpose {
		return C.CUBLAS_OP_T
	}
	return C.CUBLAS_OP_N
}

// rowLength returns the length of a row in memory of a matrix that is rows x cols after the optional transposition.
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
