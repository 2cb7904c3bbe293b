// Handles, versions and error texts.
#include <cstdio>

#include "../driver/config.h"
#include "../driver/context.h"
#include "../driver/memory.h"
#include "dnn.h"

namespace emu {
namespace {

const Kind handle_kind{"cuDNN handle", destroy_as<cudnnContext>, false};

}  // namespace

cudnnStatus_t dnn_status(CUresult status) {
    switch (status) {
    case CUDA_SUCCESS: return CUDNN_STATUS_SUCCESS;
    case CUDA_ERROR_INVALID_VALUE:
    case CUDA_ERROR_INVALID_HANDLE: return CUDNN_STATUS_BAD_PARAM;
    case CUDA_ERROR_NOT_SUPPORTED: return CUDNN_STATUS_NOT_SUPPORTED;
    case CUDA_ERROR_NOT_INITIALIZED:
    case CUDA_ERROR_INVALID_CONTEXT: return CUDNN_STATUS_NOT_INITIALIZED;
    default: return CUDNN_STATUS_EXECUTION_FAILED;
    }
}

cudnnHandle_t handle_of(cudnnHandle_t handle) {
    require_live(handle, handle_kind, "the handle");
    return handle;
}

void give_dnn(cudnnHandle_t handle, std::vector<Use> uses, std::function<void()> run) {
    give(stream_of(handle->stream), {"cudnn", doing_now(), std::move(run), std::move(uses)});
}

Use use_of_bytes(const void *at, size_t bytes, const char *what) {
    return {reinterpret_cast<CUdeviceptr>(at), bytes, what};
}

Use use_of(const cudnnTensorStruct &t, const void *at, const char *what) {
    const Use use = use_of_bytes(at, tensor_bytes(t), what);
    require(use.at % 16 == 0, CUDA_ERROR_INVALID_VALUE, "%s: address %#llx is not a multiple of 16", what, use.at);
    return use;
}

Blend blend_of(const void *alpha, const void *beta) {
    require(alpha && beta, CUDA_ERROR_INVALID_VALUE, "alpha or beta is null");
    return {*static_cast<const float *>(alpha), *static_cast<const float *>(beta)};
}

extern "C" {

size_t cudnnGetVersion(void) { return config().cudnn; }

size_t cudnnGetCudartVersion(void) { return config().cudart; }

const char *cudnnGetErrorString(cudnnStatus_t status) {
#define NAME(status) \
    case status: return #status
    switch (status) {
        NAME(CUDNN_STATUS_SUCCESS);
        NAME(CUDNN_STATUS_NOT_INITIALIZED);
#if CUDNN_MAJOR >= 9
        NAME(CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH);
        NAME(CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED);
#endif
        NAME(CUDNN_STATUS_BAD_PARAM);
        NAME(CUDNN_STATUS_NOT_SUPPORTED);
        NAME(CUDNN_STATUS_INTERNAL_ERROR);
        NAME(CUDNN_STATUS_EXECUTION_FAILED);
        NAME(CUDNN_STATUS_NOT_SUPPORTED_SHAPE);
        NAME(CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH);
        NAME(CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED);
        NAME(CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER);
        NAME(CUDNN_STATUS_EXECUTION_FAILED_CUBLAS);
    default: return "CUDNN_STATUS_UNKNOWN";
    }
#undef NAME
}

#if CUDNN_MAJOR >= 9
void cudnnGetLastErrorString(char *text, size_t bytes) { snprintf(text, bytes, "%s", last_text().c_str()); }
#endif

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle) {
    return dnn(__func__, kWaits, [&] {
        require(handle, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        *handle = new cudnnContext{nullptr};
        adopt(*handle, handle_kind, current_context());
    });
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    return dnn(__func__, kWaits, [&] { drop(handle_of(handle)); });
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    return dnn(__func__, kContext, [&] {
        stream_of(stream);  // checked where it is given, not where it is first used
        handle_of(handle)->stream = stream;
    });
}

}  // extern "C"

}  // namespace emu
