// Launching kernels.
#include <memory>

#include "block.h"
#include "call.h"
#include "context.h"
#include "module.h"
#include "queue.h"

namespace emu {
namespace {

// Block is a packed argument block, as CU_LAUNCH_PARAM_BUFFER_POINTER gives it.
struct Packed {
    const char *bytes = nullptr;
    size_t size = 0;
};

Packed packed_arguments(void **extra) {
    Packed p;
    for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
        if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER) p.bytes = static_cast<const char *>(extra[1]);
        else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE) p.size = *static_cast<size_t *>(extra[1]);
        else violation(CUDA_ERROR_INVALID_VALUE, "the extra arguments hold %p, not a key", *extra);
    }
    require(p.bytes, CUDA_ERROR_INVALID_VALUE, "the extra arguments name no buffer");
    return p;
}

// addresses finds each argument: in kernelParams, or in the packed block, where each is aligned as its type is.
std::vector<const void *> addresses(const CUfunc_st &f, void **params, void **extra) {
    const std::vector<Param> &want = f.host->params;
    if (want.empty()) return {};
    require(!params != !extra, CUDA_ERROR_INVALID_VALUE,
            "want arguments by kernelParams or by extra, not both or neither");
    if (params) return std::vector<const void *>(params, params + want.size());
    const Packed p = packed_arguments(extra);
    std::vector<const void *> found;
    size_t end = 0, align = 1;
    for (const Param &w : want) {
        const size_t at = (end + w.align - 1) / w.align * w.align;
        found.push_back(p.bytes + at);
        end = at + w.bytes;
        align = std::max(align, w.align);
    }
    const size_t padded = (end + align - 1) / align * align;
    require(p.size == end || p.size == padded, CUDA_ERROR_INVALID_VALUE, "%s: %zu bytes of arguments, want %zu",
            f.ptx.name.c_str(), p.size, end);
    return found;
}

// check_size holds a launch against the limits of compute capability 7.5 to 10.
void check_size(const CUfunc_st &f, dim3 grid, dim3 block, size_t shared) {
    const char *name = f.ptx.name.c_str();
    const bool grid_fits = grid.x && grid.y && grid.z && grid.x <= 0x7fffffff && grid.y <= 65535 && grid.z <= 65535;
    require(grid_fits, CUDA_ERROR_INVALID_VALUE, "%s: grid %ux%ux%u", name, grid.x, grid.y, grid.z);
    const bool block_fits = block.x && block.y && block.z && block.x <= 1024 && block.y <= 1024 && block.z <= 64;
    require(block_fits, CUDA_ERROR_INVALID_VALUE, "%s: block %ux%ux%u", name, block.x, block.y, block.z);
    const size_t threads = static_cast<size_t>(block.x) * block.y * block.z;
    require(threads <= static_cast<size_t>(f.ptx.max_threads), CUDA_ERROR_INVALID_VALUE,
            "%s: %zu threads a block, at most %d", name, threads, f.ptx.max_threads);
    const size_t room = f.shared - f.ptx.shared;
    require(shared <= room, CUDA_ERROR_INVALID_VALUE, "%s: %zu bytes of dynamic shared memory, at most %zu", name,
            shared, room);
}

// is_dependent reads the attributes of a launch. Whatever shared memory a launch asks for, it runs in the same way.
bool is_dependent(const CUlaunchConfig &config) {
    bool dependent = false;
    for (unsigned i = 0; i < config.numAttrs; i++) {
        const CUlaunchAttribute &a = config.attrs[i];
        switch (a.id) {
        case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
            dependent = a.value.programmaticStreamSerializationAllowed != 0;
            break;
        case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
            require(a.value.sharedMemCarveout <= 100, CUDA_ERROR_INVALID_VALUE, "a carve-out of %u %%",
                    a.value.sharedMemCarveout);
            count("attribute", "carve-out");
            break;
        default: refuse(CUDA_ERROR_INVALID_VALUE, "the emulation has no attribute %d of launches", a.id);
        }
    }
    return dependent;
}

void launch(CUfunction f, const CUlaunchConfig &config, void **params, void **extra) {
    require_function(f);
    const dim3 grid(config.gridDimX, config.gridDimY, config.gridDimZ);
    const dim3 block(config.blockDimX, config.blockDimY, config.blockDimZ);
    check_size(*f, grid, block, config.sharedMemBytes);
    const bool dependent = is_dependent(config);
    require(!dependent || f->module->target >= 90, CUDA_ERROR_NOT_SUPPORTED,
            "%s: a dependent launch of PTX for sm_%d, want sm_90", f->ptx.name.c_str(), f->module->target);
    const std::vector<const void *> arguments = addresses(*f, params, extra);
    const auto launched = std::make_shared<const Grid>(Grid{f->ptx.name, f->host->bind(f->host->function, arguments),
                                                            grid, block, config.sharedMemBytes, dependent});
    Op op{"kernel", f->ptx.name, [launched] { run_grids({*launched}); }};
    op.module = f->module;
    op.grid = launched;
    for (size_t i = 0; i < arguments.size(); i++) {
        const CUdeviceptr p = f->host->params[i].pointer ? *static_cast<const CUdeviceptr *>(arguments[i]) : 0;
        if (p) op.uses.push_back({p, 1, f->ptx.name + ": argument " + std::to_string(i)});
    }
    give(stream_of(config.hStream), std::move(op));
}

}  // namespace

extern "C" {

CUresult cuLaunchKernel(CUfunction f, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                        unsigned block_y, unsigned block_z, unsigned shared, CUstream stream, void **params,
                        void **extra) {
    return driver(__func__, kGivesWork, [&] {
        const CUlaunchConfig config{grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, nullptr, 0};
        launch(f, config, params, extra);
    });
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f, void **params, void **extra) {
    return driver(__func__, kGivesWork, [&] {
        require(config, CUDA_ERROR_INVALID_VALUE, "the configuration is null");
        launch(f, *config, params, extra);
    });
}

}  // extern "C"

}  // namespace emu
