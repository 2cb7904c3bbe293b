// Sums per channel over the rows that a block writes: those that a batch norm needs of its input or of its gradient.
#pragma once

#include "lazy_batchnorm.cuh"
#include "warp_reduce.cuh"

// PartialSum is the sums of one channel over n rows. For moments, `first` is the mean and `second` the sum of the
// squared differences from it; for gradients they are Σg and Σg(x-mean).
struct PartialSum {
    float n, first, second;
};

// merged is the sums over the rows of both (Chan, Golub and LeVeque 1979).
__device__ inline PartialSum merged(const PartialSum &a, const PartialSum &b, bool moments) {
    const float n = a.n + b.n;
    if (!moments) return {n, a.first + b.first, a.second + b.second};
    const float d = b.first - a.first, part = n > 0 ? b.n / n : 0;
    return {n, fmaf(d, part, a.first), a.second + fmaf(d * d, a.n * part, b.second)};
}

// ChannelSums are a thread's sums of V channels. For moments, it sums the differences from the thread's first row, so
// that a mean far from 0 does not cancel digits.
template <int V> struct ChannelSums {
    unsigned n = 0;
    float origin[V] = {}, first[V] = {}, second[V] = {};

    __device__ void add_moments(const Floats<V> &y) {
        for (int k = 0; k < V; k++) {
            if (n == 0) origin[k] = y.e[k];
            const float d = y.e[k] - origin[k];
            first[k] += d;
            second[k] = fmaf(d, d, second[k]);
        }
        n++;
    }

    __device__ void add_gradient(const Floats<V> &g, const Floats<V> &x, const Floats<V> &mean) {
        for (int k = 0; k < V; k++) {
            first[k] += g.e[k];
            second[k] = fmaf(g.e[k], x.e[k] - mean.e[k], second[k]);
        }
        n++;
    }

    __device__ PartialSum partial(int k, bool moments) const {
        if (!moments || n == 0) return {float(n), first[k], second[k]};
        const float mean = first[k] / n, m2 = fmaf(-first[k], mean, second[k]);
        return {float(n), origin[k] + mean, m2 < 0 ? 0 : m2};
    }
};

// sum_block merges the sums of all threads of a block and writes a pair of floats per channel to part, for n channels.
// Lane l has the vector of V channels that starts at `column`, the same one in all lanes with equal l % across, where
// across is a power of two and at most MIN. `down` is the index of a warp among the `downs` warps that have the same
// channels. Every thread of the block must call it. `shared` has room for n*downs partial sums.
template <int MIN, int V>
__device__ inline void sum_block(const ChannelSums<V> &sums, bool moments, unsigned across, unsigned column, unsigned n,
                                 unsigned down, unsigned downs, PartialSum *shared, float2 *part) {
    using Reduce = WarpReduce<V, MIN>;
    PartialSum s[V];
    for (int k = 0; k < V; k++) s[k] = sums.partial(k, moments);
    Reduce::run(s, across, [=](const PartialSum &a, const PartialSum &b) { return merged(a, b, moments); });
    __syncthreads(); // no thread reads what the shared memory held before
    if (Reduce::owns(across)) {
        for (int k = 0; k < Reduce::LEFT; k++) shared[down * n + column + Reduce::first() + k] = s[k];
    }
    __syncthreads();
    for (unsigned j = threadIdx.x; j < n; j += blockDim.x) {
        PartialSum total = shared[j];
        for (unsigned i = 1; i < downs; i++) total = merged(total, shared[i * n + j], moments);
        part[j] = {total.first, total.second};
    }
}
