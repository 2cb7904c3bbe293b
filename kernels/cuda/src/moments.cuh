// The sums over one chunk of rows, per channel, that batch normalisation needs.
#pragma once

#include "row_loops.cuh"

// Moments are the mean of a chunk, and the sum of the squared differences from it.
struct Moments {
    double mean, m2;
};

// GradSums are the sums of g and of g*(x-mean) over a chunk, where g is the gradient of the norm's output, masked by
// the ReLU.
struct GradSums {
    float g, gx;
};

// chunk_moments calls emit(j, mean, m2) for each channel of the block. It uses Welford's recurrence (Welford 1962) on x
// minus the chunk's first row. So the variance stays accurate with a mean thousands of deviations from 0, and with a
// first row far from the others.
template <int V, typename T, typename F>
__device__ inline void chunk_moments(Width<V>, const T *x, const Chunk &span, unsigned c, F emit) {
    const unsigned j = first_channel<V>();
    Floats<V> origin = {};
    float mean[V] = {}, m2[V] = {}, n = 0;
    if (j < c) origin = load<V>(x + span.first * c + j);
    for (unsigned r = span.first + threadIdx.y; j < c && r < span.last; r += blockDim.y) {
        const Floats<V> v = load<V>(x + r * c + j);
        n++;
        const float share = 1 / n;
        for (int k = 0; k < V; k++) {
            const float u = v.e[k] - origin.e[k], d = u - mean[k];
            mean[k] = fmaf(d, share, mean[k]);
            m2[k] = fmaf(d, u - mean[k], m2[k]);
        }
    }
    // Merge the threads: first the mean of all rows, then m2 with the distance of each thread's mean from it.
    float sum[V];
    for (int k = 0; k < V; k++) sum[k] = n * mean[k];
    block_sum(sum, blockDim.x);
    for (int k = 0; k < V; k++) {
        sum[k] /= span.last - span.first;
        const float d = mean[k] - sum[k];
        m2[k] = fmaf(n * d, d, m2[k]);
    }
    block_sum(m2, blockDim.x);
    for (int k = 0; k < V && j < c && threadIdx.y == 0; k++) emit(j + k, double(origin.e[k]) + sum[k], m2[k]);
}

// chunk_sums writes part[j] for each channel of the block. gradient(at, x) is g at offset `at`, where the input is x.
template <int V, typename T, typename F>
__device__ inline void chunk_sums(Width<V>, const T *x, const float *mean, GradSums *part, const Chunk &span,
                                  unsigned c, F gradient) {
    const unsigned j = first_channel<V>();
    Floats<V> m = {};
    float g[V] = {}, gx[V] = {};
    if (j < c) m = load<V>(mean + j);
    for (unsigned r = span.first + threadIdx.y; j < c && r < span.last; r += blockDim.y) {
        const unsigned at = r * c + j;
        const Floats<V> v = load<V>(x + at), d = gradient(at, v);
        for (int k = 0; k < V; k++) {
            g[k] += d.e[k];
            gx[k] = fmaf(d.e[k], v.e[k] - m.e[k], gx[k]);
        }
    }
    block_sum(g, blockDim.x);
    block_sum(gx, blockDim.x);
    for (int k = 0; k < V && j < c && threadIdx.y == 0; k++) part[j + k] = {g[k], gx[k]};
}
