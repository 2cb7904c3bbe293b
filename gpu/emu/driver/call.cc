#include "call.h"

#include <map>

#include "capture.h"
#include "context.h"

namespace emu {

bool initialised = false;

namespace {

std::recursive_mutex everything;
std::map<std::string, long> calls;
CUresult poison = CUDA_SUCCESS;

// asynchronous says whether the driver reports a status only after the work was tried, and then for good.
bool asynchronous(int status) {
    switch (status) {
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED: return true;
    }
    return false;
}

// injection is the status that RESNET_EMU_FAIL has for the nth call of a function, for this algorithm, or 0.
int injection(const std::string &name, long algorithm, long nth) {
    for (const Fault &f : config().fail) {
        const bool meant = f.algorithm == kAnyAlgorithm || f.algorithm == algorithm;
        if (plain_name(f.call) == name && meant && (f.nth == 0 || f.nth == nth)) return f.status;
    }
    return 0;
}

}  // namespace

Call::Call(const char *function, unsigned r, long algorithm)
    : lock(everything), name(plain_name(function)), doing(name), rules(r) {
    count("call", name);
    poison = CUDA_SUCCESS;
    injected = injection(name, algorithm, ++calls[name]);
    if ((rules & kGivesWork) == kGivesWork && asynchronous(injected)) {
        poison = static_cast<CUresult>(injected);
        injected = 0;
    }
    if (injected) explain("status %d, as RESNET_EMU_FAIL asks", injected);
}

Call::~Call() {
    if ((rules & kWaits) == kWaits) write_counts();
}

void Call::enter() {
    if (rules & kInit) require(initialised, CUDA_ERROR_NOT_INITIALIZED, "cuInit has not been called");
    if ((rules & kContext) != kContext) return;
    const CUcontext c = current_context();
    require(c, CUDA_ERROR_INVALID_CONTEXT, "no context is current on this thread");
    if (c->failed) refuse(c->failed, "an earlier piece of work failed with status %d", c->failed);
    if ((rules & kWaits) == kWaits) forbid_while_capturing();
}

CUresult take_poison() {
    const CUresult p = poison;
    poison = CUDA_SUCCESS;
    return p;
}

}  // namespace emu
