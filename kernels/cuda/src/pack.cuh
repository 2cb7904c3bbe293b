#pragma once

#include "common.cuh"

// PackedWeights says where the weights of a convolution are among the parameters, and where their copy goes, both as
// offsets in elements. Go's PackedWeights mirrors it.
struct PackedWeights {
    int32_t from, to, out, taps, in, transposed;
};

// round_weight rounds v to what the tensor cores multiply: the element type or, for float, TF32, which has 10 bits of
// fraction. It rounds to nearest, and TF32 with ties away from zero, as to_tf32 does, which sm_75 lacks.
template <typename T> __device__ inline T round_weight(float v) { return narrow<T>(v); }
template <> __device__ inline float round_weight<float>(float v) {
    if (!is_finite(v)) return v;
    const unsigned bits = (__float_as_uint(v) + 0x1000) & ~0x1fffu;
    float rounded;
    memcpy(&rounded, &bits, sizeof rounded);
    return rounded;
}
