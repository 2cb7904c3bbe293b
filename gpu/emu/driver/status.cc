// The driver's statuses by name.
#include <cuda.h>

#include <cstddef>

namespace {

struct Status {
    CUresult code;
    const char *name, *text;
};

#define STATUS(code, text) {code, #code, text}
constexpr Status statuses[] = {
    STATUS(CUDA_SUCCESS, "success"),
    STATUS(CUDA_ERROR_INVALID_VALUE, "an argument is wrong"),
    STATUS(CUDA_ERROR_OUT_OF_MEMORY, "out of memory"),
    STATUS(CUDA_ERROR_NOT_INITIALIZED, "the driver was not started"),
    STATUS(CUDA_ERROR_STUB_LIBRARY, "the library is a stub for linking"),
    STATUS(CUDA_ERROR_NO_DEVICE, "there is no device"),
    STATUS(CUDA_ERROR_INVALID_DEVICE, "there is no such device"),
    STATUS(CUDA_ERROR_INVALID_IMAGE, "the image holds no kernels"),
    STATUS(CUDA_ERROR_INVALID_CONTEXT, "the context is wrong or missing"),
    STATUS(CUDA_ERROR_NO_BINARY_FOR_GPU, "the kernels are for another device"),
    STATUS(CUDA_ERROR_ECC_UNCORRECTABLE, "device memory is damaged"),
    STATUS(CUDA_ERROR_INVALID_PTX, "the PTX cannot be compiled"),
    STATUS(CUDA_ERROR_JIT_COMPILER_NOT_FOUND, "the compiler of PTX is missing"),
    STATUS(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "the PTX is newer than the driver"),
    STATUS(CUDA_ERROR_JIT_COMPILATION_DISABLED, "compiling PTX is forbidden"),
    STATUS(CUDA_ERROR_INVALID_HANDLE, "a handle is wrong"),
    STATUS(CUDA_ERROR_ILLEGAL_STATE, "not in this state"),
    STATUS(CUDA_ERROR_NOT_FOUND, "there is nothing of that name"),
    STATUS(CUDA_ERROR_NOT_READY, "the work is not done yet"),
    STATUS(CUDA_ERROR_ILLEGAL_ADDRESS, "a kernel touched memory it may not"),
    STATUS(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "the launch needs too much"),
    STATUS(CUDA_ERROR_CONTEXT_IS_DESTROYED, "the context is gone"),
    STATUS(CUDA_ERROR_LAUNCH_FAILED, "a kernel failed"),
    STATUS(CUDA_ERROR_NOT_SUPPORTED, "not supported"),
    STATUS(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "the driver's parts do not fit each other"),
    STATUS(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "not allowed while a stream is captured"),
    STATUS(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture was spoilt"),
    STATUS(CUDA_ERROR_STREAM_CAPTURE_MERGE, "two captures would be joined"),
    STATUS(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "the capture was begun elsewhere"),
    STATUS(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "a stream of the capture was not joined"),
    STATUS(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "the capture would depend on work outside"),
    STATUS(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "the capture would depend on the default stream"),
    STATUS(CUDA_ERROR_CAPTURED_EVENT, "the event is of a capture"),
    STATUS(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "the capture was begun on another thread"),
    STATUS(CUDA_ERROR_UNKNOWN, "unknown"),
};
#undef STATUS

CUresult find(CUresult code, const char **text, const char *Status::*field) {
    for (const Status &s : statuses) {
        if (s.code == code) {
            *text = s.*field;
            return CUDA_SUCCESS;
        }
    }
    *text = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
}

}  // namespace

extern "C" {

CUresult cuGetErrorName(CUresult code, const char **name) { return find(code, name, &Status::name); }

CUresult cuGetErrorString(CUresult code, const char **text) { return find(code, text, &Status::text); }

}  // extern "C"
