// The basis of every kernel: declaration macros, element types and vector access.
//
// A kernel is declared by
//
//     KERNEL(name, (type a, type b))     { body }    one kernel, `name`
//     KERNEL_T(name, (T *y, const T *x)) { body }    name_f32, name_f16 and name_bf16
//
// and has C linkage, so that its name in the PTX is its name here. The Go program gen also reads the declarations, and
// writes launchers.go.
//
// kernels.cu includes the files with KERNEL. typed.cu and tensor.cu include those with KERNEL_T: tensor.cu the ones
// that need tensor cores. These two are compiled once per element type, with TYPE defined as f32, f16 or bf16. Their
// kernels are in the namespace of that name, so the files that define them must not include others.
//
// A host compiler may define KERNEL and DYNAMIC_SHARED itself and run the same source on the CPU. Beyond plain C++17,
// the kernels use threadIdx, blockIdx, blockDim, gridDim, static __shared__ arrays, DYNAMIC_SHARED(type, name) for the
// dynamic shared memory of a launch, __syncthreads, __syncwarp, __shfl_xor_sync on double and unsigned, atomicAdd on
// int and unsigned, __threadfence, __float_as_uint, min and max on int, fmaf, sqrtf, fabsf, and exp, log and sqrt in
// double.
//
// There is an FMA where fmaf is written and nowhere else: -fmad=false stops the compiler from adding any, so that a
// kernel rounds like its portable twin in kernels/cpu.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define KERNEL(name, params) extern "C" __global__ void KERNEL_BOUNDS name params
extern __shared__ uint4 dynamic_shared[];
#define DYNAMIC_SHARED(type, name) type *const name = reinterpret_cast<type *>(dynamic_shared)
#endif
// KERNEL_BOUNDS is the __launch_bounds__ of the kernels that follow. A file that sets it makes it empty again at its
// end.
#define KERNEL_BOUNDS
#define KERNEL_EXPANDED(name, params) KERNEL(name, params)
#define KERNEL_PASTE(name, type) name##_##type
#define KERNEL_NAME(name, type) KERNEL_PASTE(name, type)
#define KERNEL_T(name, params) KERNEL_EXPANDED(KERNEL_NAME(name, TYPE), params)

// T is the element type.
namespace f32 {
using T = float;
}
namespace f16 {
using T = __half;
}
namespace bf16 {
using T = __nv_bfloat16;
}

// Flag is a bool as a kernel argument, as wide as an unsigned.
typedef unsigned Flag;

// Arithmetic is float32 whatever the element type: widen on loading, round once on storing.
__device__ inline float widen(float v) { return v; }
__device__ inline float widen(__half v) { return __half2float(v); }
__device__ inline float widen(__nv_bfloat16 v) { return __bfloat162float(v); }

template <typename T> __device__ inline T narrow(float v);
template <> __device__ inline float narrow<float>(float v) { return v; }
template <> __device__ inline __half narrow<__half>(float v) { return __float2half_rn(v); }

// sm_75 has no instruction for it, and the CUDA header's emulation branches. This rounds to nearest even in integers.
template <> __device__ inline __nv_bfloat16 narrow<__nv_bfloat16>(float v) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    return __float2bfloat16_rn(v);
#else
    const unsigned bits = __float_as_uint(v);
    __nv_bfloat16_raw r;
    r.x = v != v ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return r;
#endif
}

// Lanes<T>::n is how many elements one 16-byte access moves. With several types, the smallest type counts.
template <typename T, typename... Others> struct Lanes {
    static constexpr int n = Lanes<T>::n > Lanes<Others...>::n ? Lanes<T>::n : Lanes<Others...>::n;
};
template <typename T> struct Lanes<T> {
    static constexpr int n = 16 / sizeof(T);
};

// Vector is V neighbouring elements. Its alignment lets it move in one access, or in several accesses of 16 bytes.
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

// load and store are fetch and put that convert elements to and from float32.
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

// positive is ReLU. A NaN stays NaN, so that a diverged run is noticed.
__device__ inline float positive(float v) { return v < 0 ? 0 : v; }

// masked is the gradient of a ReLU with output y: g, but 0 where y <= 0. A NaN in y lets g pass.
__device__ inline float masked(float g, float y) { return y <= 0 ? 0 : g; }

__device__ inline bool is_finite(float v) { return fabsf(v) < INFINITY; }
