/* What a function returns that its library does not have. */
#include <cublas_v2.h>
#include <cuda.h>
#include <cudnn.h>
#include <stdint.h>

CUresult forward_cuda_missing(void) { return CUDA_ERROR_NOT_FOUND; }
cudnnStatus_t forward_cudnn_missing(void) { return CUDNN_STATUS_NOT_SUPPORTED; }
cublasStatus_t forward_cublas_missing(void) { return CUBLAS_STATUS_NOT_SUPPORTED; }

/* For those whose result is a version or a text, not a status. */
uintptr_t forward_zero(void) { return 0; }
