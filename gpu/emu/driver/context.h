// Devices' primary contexts; each thread has a current one.
#pragma once

#include <cuda.h>

#include <memory>

#include "queue.h"

// CUctx_st is a device's primary context. It is at one address for good; while retained is 0 it holds nothing.
struct CUctx_st {
    int device = 0;
    int retained = 0;
    CUresult failed = CUDA_SUCCESS;       // sticky: the work that failed took the context with it
    std::unique_ptr<CUstream_st> legacy;  // the default stream
};

namespace emu {

// current_context is the one that this thread's calls act on, or null.
CUcontext current_context();

// primary_context is a device's, retained or not.
CUcontext primary_context(int device);

// check_device refuses a device that there is not.
void check_device(CUdevice device);

}  // namespace emu
