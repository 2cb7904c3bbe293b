// cuBLAS: the handle and cublasGemmEx.
#include <cublas_v2.h>

#include <algorithm>
#include <vector>

#include "../driver/call.h"
#include "../driver/capture.h"
#include "../driver/config.h"
#include "../driver/context.h"
#include "../driver/memory.h"
#include "../driver/objects.h"
#include "gemm.h"

struct cublasContext {
    CUstream stream;
    void *workspace;
    size_t bytes;
};

namespace emu {
namespace {

// As much of a workspace is scribbled on in each product: a real one uses a part too, and all of it would take long.
constexpr size_t kScribble = 256 << 10;

const Kind handle_kind{"cuBLAS handle", destroy_as<cublasContext>, false};

cublasStatus_t blas_status(CUresult status) {
    switch (status) {
    case CUDA_SUCCESS: return CUBLAS_STATUS_SUCCESS;
    case CUDA_ERROR_INVALID_VALUE:
    case CUDA_ERROR_INVALID_HANDLE: return CUBLAS_STATUS_INVALID_VALUE;
    case CUDA_ERROR_NOT_SUPPORTED: return CUBLAS_STATUS_NOT_SUPPORTED;
    case CUDA_ERROR_NOT_INITIALIZED:
    case CUDA_ERROR_INVALID_CONTEXT: return CUBLAS_STATUS_NOT_INITIALIZED;
    default: return CUBLAS_STATUS_EXECUTION_FAILED;
    }
}

template <typename Body> cublasStatus_t blas(const char *function, unsigned rules, Body &&body) {
    return checked<cublasStatus_t>(function, rules, blas_status, body);
}

cublasHandle_t handle_of(cublasHandle_t handle) {
    require_live(handle, handle_kind, "the handle");
    return handle;
}

// use_of is the memory of a column-major matrix.
Use use_of(const Matrix &m, const char *what) {
    const size_t elements = static_cast<size_t>(m.columns - 1) * m.stride + m.rows;
    const Use use{reinterpret_cast<CUdeviceptr>(m.at), elements * number_bytes(m.type), what};
    require(use.at % 16 == 0, CUDA_ERROR_INVALID_VALUE, "%s: address %#llx is not a multiple of 16", what, use.at);
    require(m.stride >= m.rows, CUDA_ERROR_INVALID_VALUE, "%s has %d rows, but columns lie %d apart", what, m.rows,
            m.stride);
    return use;
}

// shape makes the matrix whose op has these rows and columns.
Matrix shape(cublasOperation_t op, int rows, int columns, const void *at, cudaDataType type, int stride) {
    require(op == CUBLAS_OP_N || op == CUBLAS_OP_T, CUDA_ERROR_INVALID_VALUE, "operation %d", op);
    const bool transposed = op == CUBLAS_OP_T;
    return {const_cast<void *>(at), type, transposed ? columns : rows, transposed ? rows : columns, stride, transposed};
}

// rounds_to_tf32 checks the types and says whether inputs go through tensor cores as TF32.
bool rounds_to_tf32(cudaDataType a, cudaDataType b, cudaDataType c, cublasComputeType_t compute) {
    const bool known = a == CUDA_R_32F || a == CUDA_R_16F || a == CUDA_R_16BF;
    const bool together = a == b && (c == a || c == CUDA_R_32F);
    if (!known || !together) refuse(CUDA_ERROR_NOT_SUPPORTED, "types %d, %d and %d", a, b, c);
    switch (compute) {
    case CUBLAS_COMPUTE_32F:
    case CUBLAS_COMPUTE_32F_PEDANTIC: return false;
    case CUBLAS_COMPUTE_32F_FAST_TF32:
        if (a != CUDA_R_32F) refuse(CUDA_ERROR_NOT_SUPPORTED, "TF32 of 16-bit matrices");
        return config().capability >= 80;
    default: refuse(CUDA_ERROR_NOT_SUPPORTED, "compute type %d", compute);
    }
}

}  // namespace

extern "C" {

cublasStatus_t cublasGetProperty(libraryPropertyType type, int *value) {
    return blas(__func__, kAnywhere, [&] {
        const int version = config().cublas;
        *value = type == MAJOR_VERSION ? version / 10000 : type == MINOR_VERSION ? version / 100 % 100 : version % 100;
    });
}

const char *cublasGetStatusName(cublasStatus_t status) {
#define NAME(status) \
    case status: return #status
    switch (status) {
        NAME(CUBLAS_STATUS_SUCCESS);
        NAME(CUBLAS_STATUS_NOT_INITIALIZED);
        NAME(CUBLAS_STATUS_ALLOC_FAILED);
        NAME(CUBLAS_STATUS_INVALID_VALUE);
        NAME(CUBLAS_STATUS_ARCH_MISMATCH);
        NAME(CUBLAS_STATUS_EXECUTION_FAILED);
        NAME(CUBLAS_STATUS_INTERNAL_ERROR);
        NAME(CUBLAS_STATUS_NOT_SUPPORTED);
    default: return "CUBLAS_STATUS_UNKNOWN";
    }
#undef NAME
}

// cuBLAS's own texts say little more.
const char *cublasGetStatusString(cublasStatus_t status) {
    return status == CUBLAS_STATUS_SUCCESS ? "success" : last_text().c_str();
}

cublasStatus_t cublasCreate(cublasHandle_t *handle) {
    return blas(__func__, kWaits, [&] {
        require(handle, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        *handle = new cublasContext{nullptr, nullptr, 0};
        adopt(*handle, handle_kind, current_context());
    });
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
    return blas(__func__, kWaits, [&] { drop(handle_of(handle)); });
}

// Setting the stream takes the user's workspace away, as the real one does.
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
    return blas(__func__, kContext, [&] {
        stream_of(stream);
        *handle_of(handle) = {stream, nullptr, 0};
    });
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void *workspace, size_t bytes) {
    return blas(__func__, kContext, [&] {
        handle_of(handle);
        const CUdeviceptr at = reinterpret_cast<CUdeviceptr>(workspace);
        require(at % 256 == 0, CUDA_ERROR_INVALID_VALUE, "the workspace at %#llx is not at a multiple of 256", at);
        require_device(at, bytes, "the workspace");
        handle->workspace = workspace;
        handle->bytes = bytes;
    });
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,
                            const void *alpha, const void *a, cudaDataType type_a, int lda, const void *b,
                            cudaDataType type_b, int ldb, const void *beta, void *c, cudaDataType type_c, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t) {
    return blas(__func__, kGivesWork, [&] {
        handle_of(handle);
        require(m > 0 && n > 0 && k > 0, CUDA_ERROR_INVALID_VALUE, "sizes %d, %d, %d", m, n, k);
        require(alpha && beta, CUDA_ERROR_INVALID_VALUE, "alpha or beta is null");
        const bool tf32 = rounds_to_tf32(type_a, type_b, type_c, compute);
        const Matrix ma = shape(op_a, m, k, a, type_a, lda), mb = shape(op_b, k, n, b, type_b, ldb),
                     mc = shape(CUBLAS_OP_N, m, n, c, type_c, ldc);
        std::vector<Use> uses{use_of(ma, "A"), use_of(mb, "B"), use_of(mc, "C")};
        require_apart(uses[0], uses[2]);
        require_apart(uses[1], uses[2]);
        void *const workspace = handle->workspace;
        const size_t bytes = handle->bytes;
        const CUstream stream = stream_of(handle->stream);
        if (stream->capture && !bytes)
            spoil(*stream->capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                  "a captured GEMM without a workspace of the user's would allocate");
        if (bytes) uses.push_back({reinterpret_cast<CUdeviceptr>(workspace), bytes, "the workspace"});
        const float scale = *static_cast<const float *>(alpha), keep = *static_cast<const float *>(beta);
        give(stream, {"cublas", "cublasGemmEx",
                      [=] {
                          scribble(workspace, std::min(bytes, kScribble));
                          gemm(ma, mb, mc, scale, keep, tf32);
                      },
                      uses});
    });
}

}  // extern "C"

}  // namespace emu
