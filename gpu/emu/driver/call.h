// The frame around every function that the libraries export.
#pragma once

#include <cuda.h>

#include <mutex>
#include <string>

#include "config.h"
#include "report.h"

namespace emu {

// What a function needs, and how it stands to a capture.
enum Rule : unsigned {
    kAnywhere = 0,
    kInit = 1,                  // cuInit came first
    kContext = 2 | kInit,       // a context is current on this thread, and has not failed
    kWaits = 4 | kContext,      // the host may wait for the device: an error while this thread captures
    kGivesWork = 8 | kContext,  // an asynchronous failure that was asked for appears at the next wait
};

// Call holds the one lock of the emulation and counts the call. When RESNET_EMU_FAIL asks for it, injected is the
// status to end with.
class Call {
  public:
    Call(const char *function, unsigned rules, long algorithm);
    ~Call();
    Call(const Call &) = delete;
    Call &operator=(const Call &) = delete;

    // enter checks the rules.
    void enter();

    int injected = 0;

  private:
    std::unique_lock<std::recursive_mutex> lock;
    const std::string name;
    const Doing doing;
    const unsigned rules;
};

// poison is the asynchronous failure that the call in progress is to cause, or CUDA_SUCCESS; it is taken only once.
CUresult take_poison();

// initialised is whether cuInit has succeeded.
extern bool initialised;

// checked runs body as the function of that name. Translate turns the driver's status into the library's. A call for
// one of cuDNN's algorithms says which.
template <typename Status, typename Body>
Status checked(const char *function, unsigned rules, Status (*translate)(CUresult), Body &&body,
               long algorithm = kAnyAlgorithm) {
    Call call(function, rules, algorithm);
    if (call.injected) return static_cast<Status>(call.injected);
    try {
        call.enter();
        body();
        return static_cast<Status>(0);
    } catch (const Refusal &r) {
        return translate(r.status);
    }
}

inline CUresult own_status(CUresult status) { return status; }

// driver is checked for the functions of libcuda.
template <typename Body> CUresult driver(const char *function, unsigned rules, Body &&body) {
    return checked<CUresult>(function, rules, own_status, body);
}

}  // namespace emu
