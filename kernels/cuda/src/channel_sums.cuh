// Sums over the rows that a block writes, channel by channel: what a batch norm needs of its input or of its gradient.
#pragma once

#include "warp_reduce.cuh"
#include "lazy_batchnorm.cuh"

// Share is what some rows contribute to a channel: how many they are, their mean and the sum of their squared
// differences from it; or Σg and Σg(x-mean).
struct Share {
    float n, first, second;
};

// joined is the share of both rows (Chan, Golub and LeVeque 1979).
__device__ inline Share joined(const Share &a, const Share &b, bool moments) {
    const float n = a.n + b.n;
    if (!moments) return {n, a.first + b.first, a.second + b.second};
    const float d = b.first - a.first, part = n > 0 ? b.n / n : 0;
    return {n, fmaf(d, part, a.first), a.second + fmaf(d * d, a.n * part, b.second)};
}

// ChannelSums are a thread's sums of V channels. Moments are summed up about the thread's first row: a mean far from 0
// then does not harm them, and that row is part of the variance as well.
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

    __device__ Share share(int k, bool moments) const {
        if (!moments || n == 0) return {float(n), first[k], second[k]};
        const float mean = first[k] / n, m2 = fmaf(-first[k], mean, second[k]);
        return {float(n), origin[k] + mean, m2 < 0 ? 0 : m2};
    }
};

// sum_block joins the sums of a block's threads and leaves a pair a channel in part, of n channels. A warp's lanes have
// vectors lane % across of V channels of columns `column` and on, across being a power of two up to MIN; warps that
// have the same columns are numbered by down. Every thread must call it; it needs n*downs shares of shared memory.
template <int MIN, int V>
__device__ inline void sum_block(const ChannelSums<V> &sums, bool moments, unsigned across, unsigned column, unsigned n,
                                 unsigned down, unsigned downs, Share *shared, float2 *part) {
    using Folded = Fold<V, MIN>;
    Share s[V];
    for (int k = 0; k < V; k++) s[k] = sums.share(k, moments);
    Folded::run(s, across, [=](const Share &a, const Share &b) { return joined(a, b, moments); });
    __syncthreads(); // whatever the shared memory held is done with
    if (Folded::owns(across)) {
        for (int k = 0; k < Folded::LEFT; k++) shared[down * n + column + Folded::first() + k] = s[k];
    }
    __syncthreads();
    for (unsigned j = threadIdx.x; j < n; j += blockDim.x) {
        Share total = shared[j];
        for (unsigned i = 1; i < downs; i++) total = joined(total, shared[i * n + j], moments);
        part[j] = {total.first, total.second};
    }
}
