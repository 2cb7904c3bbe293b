// Loops over the elements of whole tensors.
#pragma once

#include "common.cuh"

// Width passes a vector length to a generic lambda.
template <int V> struct Width {
    static constexpr int n = V;
};

__device__ inline unsigned thread_index() { return blockIdx.x * blockDim.x + threadIdx.x; }
__device__ inline unsigned thread_count() { return gridDim.x * blockDim.x; }

// each calls f(Width<V>, i) for whole vectors of V elements, then f(Width<1>, i) for the remaining elements. Indices
// are unsigned, so that adding the step to an index below n < 2^31 cannot overflow.
template <int V, typename F> __device__ inline void each(unsigned n, F f) {
    const unsigned whole = n / V;
    for (unsigned i = thread_index(); i < whole; i += thread_count()) f(Width<V>{}, i * V);
    for (unsigned i = whole * V + thread_index(); i < n; i += thread_count()) f(Width<1>{}, i);
}

// apply is f of each element.
template <int V, typename F, typename... Vectors> __device__ inline Floats<V> apply(F f, const Vectors &...v) {
    Floats<V> out;
    for (int k = 0; k < V; k++) out.e[k] = f(v.e[k]...);
    return out;
}

// plus is a + b.
template <int V> __device__ inline Floats<V> plus(const Floats<V> &a, const Floats<V> &b) {
    return apply<V>([](float p, float q) { return p + q; }, a, b);
}

// map computes dst[i] = f(src[i]...). dst may be one of the sources.
template <typename D, typename F, typename... S> __device__ inline void map(unsigned n, D *dst, F f, const S *...src) {
    each<Lanes<D, S...>::n>(n, [=](auto width, unsigned i) {
        constexpr int V = decltype(width)::n;
        store(dst + i, apply<V>(f, load<V>(src + i)...));
    });
}
