#pragma once

#include "common.cuh"

// PackedWeights is a convolution's weights among all parameters, and where its copy begins; Go's mirrors it.
struct PackedWeights {
    int32_t from, to, out, taps, in, transposed;
};

// product_factor is v as tensor cores multiply it: of the element type, a float rounded to TF32, which keeps 10 bits of
// its fraction, to nearest and half away from zero.
template <typename T> __device__ inline T product_factor(float v) { return narrow<T>(v); }
template <> __device__ inline float product_factor<float>(float v) {
    if (!is_finite(v)) return v;
    const unsigned bits = (__float_as_uint(v) + 0x1000) & ~0x1fffu;
    float rounded;
    memcpy(&rounded, &bits, sizeof rounded);
    return rounded;
}
