// What a .cu file needs to be compiled by a host compiler: g++ -x c++ -include cuda_host.h. Its kernels register
// themselves by name and run in driver/block.cc.
//
// A kernel is declared by KERNEL(name, (parameters)) { body }, as kernels/cuda/src/common.cuh has it. Dynamic shared
// memory is DYNAMIC_SHARED(type, name), as a host compiler cannot give extern __shared__ its meaning.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>

#include "../driver/block.h"
#include "../driver/kernels.h"
#include "../driver/mma.h"
#include "../driver/shared.h"
#include "../driver/warp.h"

#define KERNEL(name, params)                                           \
    static void name params;                                           \
    static const ::emu::Registration emu_register_##name(#name, name); \
    static void name params

#undef __global__
#undef __device__
#undef __shared__
#undef __launch_bounds__
#define __global__
#define __device__
#define __launch_bounds__(...)
// Blocks run one at a time, so there is one of each array. Those of one section can be found, and are filled with
// garbage before each block; g++ keeps the arrays of templates elsewhere, where they hold what the last block left.
#define __shared__ static __attribute__((section("emu_shared")))
#define DYNAMIC_SHARED(type, name) type *const name = static_cast<type *>(::emu::dynamic_shared())

#define __syncthreads() ::emu::barrier({__FILE__, __LINE__})
#define __syncwarp(...) ::emu::sync_warp({__FILE__, __LINE__} __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_sync(...) ::emu::shuffle({__FILE__, __LINE__}, __VA_ARGS__)
#define __shfl_down_sync(...) ::emu::shuffle_down({__FILE__, __LINE__}, __VA_ARGS__)
#define __shfl_xor_sync(...) ::emu::shuffle_xor({__FILE__, __LINE__}, __VA_ARGS__)

namespace emu {

template <typename T> T exchange_as(Place place, uint32_t mask, T value, int from) {
    static_assert(sizeof(T) <= sizeof(uint64_t), "lanes exchange at most 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(T));
    bits = exchange(place, mask, bits, from);
    memcpy(&value, &bits, sizeof(T));
    return value;
}

inline void sync_warp(Place place, uint32_t mask = 0xffffffff) { exchange(place, mask, 0, current_lane()); }

// The lanes of a warp are in groups of width, and a lane that asks beyond its group gets its own value.
template <typename T> T shuffle(Place place, uint32_t mask, T value, int from, int width = 32) {
    const int group = current_lane() & ~(width - 1);
    return exchange_as(place, mask, value, group + (from & (width - 1)));
}

template <typename T> T shuffle_down(Place place, uint32_t mask, T value, unsigned delta, int width = 32) {
    const int lane = current_lane(), end = (lane & ~(width - 1)) + width, from = lane + static_cast<int>(delta);
    return exchange_as(place, mask, value, from < end ? from : lane);
}

template <typename T> T shuffle_xor(Place place, uint32_t mask, T value, int bits, int width = 32) {
    const int lane = current_lane(), end = (lane & ~(width - 1)) + width, from = lane ^ bits;
    return exchange_as(place, mask, value, from < end ? from : lane);
}

// copy_wait waits for all groups of copies but the last N.
template <int N> void copy_wait() { copy_wait_for(N); }

// to_tf32 rounds to 10 bits of mantissa, half away from zero; infinity and NaN stay.
inline float to_tf32(float v) {
    unsigned bits;
    memcpy(&bits, &v, sizeof bits);
    if ((bits & 0x7f800000) != 0x7f800000) bits = (bits + 0x1000) & 0xffffe000;
    memcpy(&v, &bits, sizeof v);
    return v;
}

template <typename T> T add_to(T *at, T value) {
    const T before = *at;
    *at = before + value;
    return before;
}

}  // namespace emu

// Only one thread runs at a time.
inline int atomicAdd(int *at, int value) { return emu::add_to(at, value); }
inline unsigned atomicAdd(unsigned *at, unsigned value) { return emu::add_to(at, value); }
inline void __threadfence() {}

template <typename T> T __ldg(const T *at) { return *at; }

inline unsigned __float_as_uint(float v) {
    unsigned bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

inline float __uint_as_float(unsigned bits) {
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

inline float rsqrtf(float v) { return 1 / sqrtf(v); }

using std::max;
using std::min;
