#include "module.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>

#include "call.h"
#include "config.h"
#include "context.h"
#include "objects.h"

namespace emu {
namespace {

const Kind module_kind{"module", destroy_as<CUmod_st>, false};
const Kind function_kind{"function", destroy_as<CUfunc_st>, true};

constexpr size_t kLongestImage = 64 << 20;

std::map<std::string, HostKernel> &kernels() {
    static std::map<std::string, HostKernel> all;
    return all;
}

// Log is where the caller wants the compiler's messages.
struct Log {
    char *buffer = nullptr;
    size_t bytes = 0;
};

Log error_log(unsigned n, const CUjit_option *options, void *const *values) {
    Log log;
    for (unsigned i = 0; i < n; i++) {
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER) log.buffer = static_cast<char *>(values[i]);
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) log.bytes = reinterpret_cast<size_t>(values[i]);
    }
    return log;
}

// cannot_compile writes the log and ends the call.
[[noreturn]] void cannot_compile(const Log &log, CUresult status, const std::string &why) {
    if (log.buffer && log.bytes) snprintf(log.buffer, log.bytes, "ptxas fatal: %s", why.c_str());
    refuse(status, "%s", why.c_str());
}

// check_params is a violation unless the host's kernel has the parameters that the PTX has.
void check_params(const PtxEntry &ptx, const HostKernel &host) {
    bool same = ptx.params.size() == host.params.size();
    for (size_t i = 0; same && i < ptx.params.size(); i++) same = ptx.params[i] == host.params[i].bytes;
    require(same, CUDA_ERROR_INVALID_PTX, "%s has other parameters in the PTX than in the source: make the PTX anew",
            ptx.name.c_str());
}

CUmodule load(const void *image, const Log &log) {
    const char *text = static_cast<const char *>(image);
    require(text, CUDA_ERROR_INVALID_VALUE, "the image is null");
    if (!strncmp(text, "\177ELF", 4)) cannot_compile(log, CUDA_ERROR_NO_BINARY_FOR_GPU, "machine code of another GPU");
    const size_t length = strnlen(text, kLongestImage);
    require(length < kLongestImage, CUDA_ERROR_INVALID_IMAGE, "the image has no NUL at its end");
    std::string error;
    const Ptx ptx = parse_ptx(std::string(text, length), error);
    if (!error.empty()) cannot_compile(log, CUDA_ERROR_INVALID_PTX, error);
    if (ptx.version > ptx_version_of(config().driver))
        cannot_compile(log, CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "PTX of version " + std::to_string(ptx.version));
    if (ptx.target > config().capability)
        cannot_compile(log, CUDA_ERROR_NO_BINARY_FOR_GPU, "PTX for sm_" + std::to_string(ptx.target));
    auto module = std::make_unique<CUmod_st>();
    module->target = ptx.target;
    for (const PtxEntry &entry : ptx.entries) {
        const HostKernel *host = find_kernel(entry.name);
        if (!host) continue;
        check_params(entry, *host);
        if (entry.shared > kSharedBytes)
            cannot_compile(log, CUDA_ERROR_INVALID_PTX, entry.name + " has more than 48 KiB of shared memory");
        module->functions.push_back(new CUfunc_st{module.get(), entry, host, kSharedBytes});
        adopt(module->functions.back(), function_kind, current_context());
    }
    adopt(module.get(), module_kind, current_context());
    return module.release();
}

}  // namespace

const HostKernel *find_kernel(const std::string &name) {
    const auto found = kernels().find(name);
    return found == kernels().end() ? nullptr : &found->second;
}

void add_kernel(const HostKernel &kernel) { kernels()[kernel.name] = kernel; }

void require_module(CUmodule module) { require_live(module, module_kind, "the module"); }

void require_function(CUfunction function) { require_live(function, function_kind, "the function"); }

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned n, CUjit_option *options, void **values) {
    return driver(__func__, kWaits, [&] {
        require(module, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        *module = load(image, error_log(n, options, values));
    });
}

CUresult cuModuleUnload(CUmodule module) {
    return driver(__func__, kWaits, [&] {
        require_module(module);
        wait_for_all(current_context());
        drop(module);
        throw_if_failed(current_context());
    });
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
    return driver(__func__, kContext, [&] {
        require(function && name, CUDA_ERROR_INVALID_VALUE, "the result pointer or the name is null");
        require_module(module);
        for (const CUfunction f : module->functions) {
            if (f->ptx.name == name) {
                *function = f;
                return;
            }
        }
        refuse(CUDA_ERROR_NOT_FOUND, "no kernel %s in the PTX and in the host's build", name);
    });
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute a, CUfunction f) {
    return driver(__func__, kContext, [&] {
        require_function(f);
        require(value, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        switch (a) {
        case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: *value = f->ptx.shared; break;
        case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: *value = f->shared - f->ptx.shared; break;
        default: refuse(CUDA_ERROR_INVALID_VALUE, "the emulation has no attribute %d of functions", a);
        }
    });
}

CUresult cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int value) {
    return driver(__func__, kContext, [&] {
        require_function(f);
        require(a == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, CUDA_ERROR_INVALID_VALUE,
                "attribute %d of a function cannot be set here", a);
        const char *name = f->ptx.name.c_str();
        require(value >= 0, CUDA_ERROR_INVALID_VALUE, "%s: %d bytes of dynamic shared memory", name, value);
        const size_t all = f->ptx.shared + value;
        require(all <= most_shared(), CUDA_ERROR_INVALID_VALUE, "%s: %zu bytes of shared memory, at most %zu", name,
                all, most_shared());
        f->shared = std::max(all, kSharedBytes);
    });
}

}  // extern "C"

}  // namespace emu

CUmod_st::~CUmod_st() {
    for (const CUfunction f : functions) emu::drop(f);
}
