// Memory. Each allocation lies on pages of its own, with its end, rounded up to 16 bytes, at a page that cannot be
// touched, and another such page before it: what runs over crashes there and then. New memory holds kGarbage.
#pragma once

#include <cuda.h>

#include <cstdint>
#include <string>

namespace emu {

// kGarbage is not a number as half, bfloat16, float and double, and far from 0 as an integer.
constexpr uint16_t kGarbage = 0xfff5;

// scribble fills memory with it.
void scribble(void *at, size_t bytes);

// require_device is a violation unless the bytes lie in one live allocation on the current context's device. What names
// the argument.
void require_device(CUdeviceptr at, size_t bytes, const std::string &what);

// require_pinned is one unless they lie in live memory of cuMemHostAlloc.
void require_pinned(CUdeviceptr at, size_t bytes, const std::string &what);

// list_allocations describes what is allocated on a device, and pinned for it, a line each. free_all frees it.
std::string list_allocations(int device);
void free_all(int device);

}  // namespace emu
