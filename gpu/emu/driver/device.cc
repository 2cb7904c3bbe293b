// Starting the driver, and what it says of itself and its devices.
#include <cstring>

#include "call.h"
#include "config.h"
#include "context.h"
#include "module.h"

namespace emu {
namespace {

// Few multiprocessors, so that kernels which fill the device have little to do.
constexpr int kMultiprocessors = 4;

int attribute(CUdevice_attribute a) {
    switch (a) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: return config().capability / 10;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: return config().capability % 10;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: return kMultiprocessors;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: return most_shared();
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE: return 4 << 20;
    default: refuse(CUDA_ERROR_INVALID_VALUE, "the emulation has no attribute %d", a);
    }
}

}  // namespace

// The CUDA Programming Guide's table of compute capabilities.
size_t most_shared() {
    switch (config().capability) {
    case 75: return 64 << 10;
    case 80:
    case 87: return 163 << 10;
    case 86:
    case 89:
    case 120: return 99 << 10;
    default: return 227 << 10;
    }
}

void check_device(CUdevice device) {
    if (device < 0 || device >= config().devices)
        refuse(CUDA_ERROR_INVALID_DEVICE, "device %d of %d", device, config().devices);
}

extern "C" {

CUresult cuInit(unsigned flags) {
    return driver(__func__, kAnywhere, [&] {
        require(flags == 0, CUDA_ERROR_INVALID_VALUE, "flags %#x", flags);
        if (config().devices == 0) refuse(CUDA_ERROR_NO_DEVICE, "RESNET_EMU_DEVICES is 0");
        initialised = true;
    });
}

CUresult cuDriverGetVersion(int *version) {
    return driver(__func__, kAnywhere, [&] { *version = config().driver; });
}

CUresult cuDeviceGetCount(int *count) {
    return driver(__func__, kInit, [&] { *count = config().devices; });
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
    return driver(__func__, kInit, [&] {
        check_device(ordinal);
        *device = ordinal;
    });
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
    return driver(__func__, kInit, [&] {
        check_device(device);
        require(length > 0, CUDA_ERROR_INVALID_VALUE, "length %d", length);
        strncpy(name, config().name.c_str(), length);
        name[length - 1] = 0;
    });
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute a, CUdevice device) {
    return driver(__func__, kInit, [&] {
        check_device(device);
        *value = attribute(a);
    });
}

CUresult cuDeviceTotalMem(size_t *bytes, CUdevice device) {
    return driver(__func__, kInit, [&] {
        check_device(device);
        *bytes = config().memory;
    });
}

}  // extern "C"

}  // namespace emu
