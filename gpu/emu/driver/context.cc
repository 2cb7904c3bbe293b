#include "context.h"

#include <vector>

#include "call.h"
#include "capture.h"
#include "config.h"
#include "memory.h"
#include "objects.h"

namespace emu {
namespace {

thread_local CUcontext current = nullptr;

// release ends a context: what is left in it is a leak, if those are asked for, and is gone in any case.
void release(CUcontext c) {
    abandon_captures(c);
    wait_for_all(c);
    std::string left = list_allocations(c->device) + list_live(c);
    bool last = true;
    for (int i = 0; i < config().devices; i++) last = last && primary_context(i)->retained == 0;
    if (last) left += list_live(nullptr);
    free_all(c->device);
    drop_all(c);
    c->legacy.reset();
    c->failed = CUDA_SUCCESS;
    require(!config().leaks || left.empty(), CUDA_SUCCESS, "the context is released with this left:%s", left.c_str());
}

}  // namespace

CUcontext primary_context(int device) {
    static std::vector<CUctx_st> contexts(config().devices);
    contexts[device].device = device;
    return &contexts[device];
}

CUcontext current_context() {
    require(!current || current->retained > 0, CUDA_ERROR_CONTEXT_IS_DESTROYED, "the current context was released");
    return current;
}

extern "C" {

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    return driver(__func__, kInit, [&] {
        require(context, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        check_device(device);
        const CUcontext c = primary_context(device);
        if (c->retained++ == 0) {
            c->legacy = make_legacy_stream(c);
            count("context", "created");
        }
        *context = c;
    });
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
    return driver(__func__, kInit, [&] {
        check_device(device);
        const CUcontext c = primary_context(device);
        require(c->retained > 0, CUDA_ERROR_INVALID_CONTEXT, "the context of device %d is not retained", device);
        if (--c->retained == 0) release(c);
        write_counts();
    });
}

CUresult cuCtxSetCurrent(CUcontext context) {
    return driver(__func__, kInit, [&] {
        require(!context || context->retained > 0, CUDA_ERROR_INVALID_CONTEXT, "context %p is not retained",
                static_cast<void *>(context));
        current = context;
    });
}

CUresult cuCtxGetCurrent(CUcontext *context) {
    return driver(__func__, kInit, [&] { *context = current; });
}

CUresult cuCtxSynchronize(void) {
    return driver(__func__, kWaits, [&] {
        wait_for_all(current_context());
        throw_if_failed(current_context());
    });
}

}  // extern "C"

}  // namespace emu
