// What the tests do to a device.
#pragma once

#include <cuda.h>

#include <vector>

#include "testing.h"

// Device is device 0's context, current on this thread.
struct Device {
    CUcontext context;

    Device() {
        CHECK_EQUAL(cuInit(0), CUDA_SUCCESS);
        CHECK_EQUAL(cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);
        CHECK_EQUAL(cuCtxSetCurrent(context), CUDA_SUCCESS);
    }
    ~Device() { cuDevicePrimaryCtxRelease(0); }
};

// Stream is one that does not wait for the default stream.
struct Stream {
    CUstream handle;

    Stream() { CHECK_EQUAL(cuStreamCreate(&handle, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS); }
    ~Stream() { cuStreamDestroy(handle); }
    CUresult sync() { return cuStreamSynchronize(handle); }
};

// Array is values in device memory.
template <typename T> struct Array {
    CUdeviceptr at = 0;
    size_t n;

    explicit Array(size_t count) : n(count) { CHECK_EQUAL(cuMemAlloc(&at, n * sizeof(T)), CUDA_SUCCESS); }
    explicit Array(const std::vector<T> &values) : Array(values.size()) {
        CHECK_EQUAL(cuMemcpyHtoD(at, values.data(), n * sizeof(T)), CUDA_SUCCESS);
    }
    ~Array() { cuMemFree(at); }
    Array(const Array &) = delete;
    Array &operator=(const Array &) = delete;

    void *pointer() const { return reinterpret_cast<void *>(at); }

    // values waits for the device and reads them.
    std::vector<T> values() const {
        std::vector<T> v(n);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemcpyDtoH(v.data(), at, n * sizeof(T)), CUDA_SUCCESS);
        return v;
    }
};

// Pinned is one value in pinned host memory.
template <typename T> struct Pinned {
    T *at = nullptr;

    explicit Pinned(T value) {
        CHECK_EQUAL(cuMemHostAlloc(reinterpret_cast<void **>(&at), sizeof(T), 0), CUDA_SUCCESS);
        *at = value;
    }
    ~Pinned() { cuMemFreeHost(at); }
};
