// What every kernel is written with: the declaration macros, element types and vector access.
//
// A kernel is declared by
//
//     KERNEL(name, (type a, type b))     { body }    one kernel, `name`
//     KERNEL_T(name, (T *y, const T *x)) { body }    name_f32, name_f16 and name_bf16, in files that typed.cuh lists
//
// and has C linkage, so that its name in the PTX is its name here. kernels.cu includes typed.cuh once per element type,
// in a namespace where T is that type and SUFFIX its ending. gen reads the declarations too and writes launchers.go.
//
// A host compiler may define KERNEL itself and run the same source on the CPU. Besides plain C++17 the kernels use
// threadIdx, blockIdx, blockDim, gridDim, static __shared__ arrays, __syncthreads, __shfl_xor_sync on double and
// unsigned, atomicAdd on int and unsigned, __threadfence, __float_as_uint, min and max on int, fmaf, sqrtf, fabsf, and
// exp, log and sqrt in double.
//
// FMAs are where fmaf is written and nowhere else: the compiler is told -fmad=false, so that a kernel rounds as its
// portable twin in kernels/cpu does.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define KERNEL(name, params) extern "C" __global__ void name params
#endif
#define KERNEL_EXPANDED(name, params) KERNEL(name, params)
#define KERNEL_PASTE(name, suffix) name##suffix
#define KERNEL_NAME(name, suffix) KERNEL_PASTE(name, suffix)
#define KERNEL_T(name, params) KERNEL_EXPANDED(KERNEL_NAME(name, SUFFIX), params)

// Flag is a bool that is as wide as a count among a kernel's arguments.
typedef unsigned Flag;

// Arithmetic is float32 whatever the element type: widen on loading, round once on storing.
__device__ inline float widen(float v) { return v; }
__device__ inline float widen(__half v) { return __half2float(v); }
__device__ inline float widen(__nv_bfloat16 v) { return __bfloat162float(v); }

template <typename T> __device__ inline T narrow(float v);
template <> __device__ inline float narrow<float>(float v) { return v; }
template <> __device__ inline __half narrow<__half>(float v) { return __float2half_rn(v); }

// To nearest even by integer arithmetic: sm_75 has no instruction for it, and the header's way there has branches.
template <> __device__ inline __nv_bfloat16 narrow<__nv_bfloat16>(float v) {
    const unsigned bits = __float_as_uint(v);
    __nv_bfloat16_raw r;
    r.x = v != v ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return r;
}

// Lanes<T>::n is how many elements one 16-byte access moves; of several types, those of the smallest.
template <typename T, typename... Others> struct Lanes {
    static constexpr int n = Lanes<T>::n > Lanes<Others...>::n ? Lanes<T>::n : Lanes<Others...>::n;
};
template <typename T> struct Lanes<T> {
    static constexpr int n = 16 / sizeof(T);
};

// Vector is V neighbouring elements. It is aligned so that it moves in one access, or in several of 16 bytes.
template <typename T, int V> struct alignas(V * sizeof(T) < 16 ? V * sizeof(T) : 16) Vector {
    T e[V];
};
template <int V> using Floats = Vector<float, V>;

template <int V, typename T> __device__ inline Vector<T, V> fetch(const T *p) {
    return *reinterpret_cast<const Vector<T, V> *>(p);
}
template <typename T, int V> __device__ inline void put(T *p, const Vector<T, V> &v) {
    *reinterpret_cast<Vector<T, V> *>(p) = v;
}

// load and store are fetch and put with the elements as float32.
template <int V, typename T> __device__ inline Floats<V> load(const T *p) {
    const Vector<T, V> v = fetch<V>(p);
    Floats<V> f;
    for (int k = 0; k < V; k++) f.e[k] = widen(v.e[k]);
    return f;
}
template <typename T, int V> __device__ inline void store(T *p, const Floats<V> &f) {
    Vector<T, V> v;
    for (int k = 0; k < V; k++) v.e[k] = narrow<T>(f.e[k]);
    put(p, v);
}

// A NaN stays NaN behind a ReLU, so that a diverged run shows.
__device__ inline float positive(float v) { return v < 0 ? 0 : v; }

// masked is a gradient behind a ReLU whose output was y. A NaN in y lets it pass.
__device__ inline float masked(float g, float y) { return y <= 0 ? 0 : g; }

__device__ inline bool is_finite(float v) { return fabsf(v) < INFINITY; }
