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
};

struct CUmod_st {
    std::vector<CUfunction> functions;

    ~CUmod_st();
};

namespace emu {

// kSharedBytes is what a block has of shared memory: no call here raises it.
constexpr size_t kSharedBytes = 48 << 10;

// require_module and require_function are violations unless the handle is live.
void require_module(CUmodule module);
void require_function(CUfunction function);

}  // namespace emu
