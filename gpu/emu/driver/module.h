// Modules and their kernels.
#pragma once

#include <cuda.h>

#include <memory>
#include <vector>

#include "kernels.h"
#include "ptx.h"

struct CUfunc_st {
    CUmodule module;
    emu::PtxEntry ptx;
    const emu::HostKernel *host;
    size_t shared;  // that a block may have, its static arrays included
};

struct CUmod_st {
    int target;  // of its PTX: 90 is sm_90
    std::vector<CUfunction> functions;

    ~CUmod_st();
};

namespace emu {

// kSharedBytes is what a block may have of shared memory unless cuFuncSetAttribute raises it, and most_shared what that
// may raise it to on the device.
constexpr size_t kSharedBytes = 48 << 10;
size_t most_shared();

// require_module and require_function are violations unless the handle is live.
void require_module(CUmodule module);
void require_function(CUfunction function);

}  // namespace emu
