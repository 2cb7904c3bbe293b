// Matrices of rows x c, channels innermost: what NHWC activations are to kernels that treat channels apart.
//
// A block is threadIdx.x over vectors of channels by threadIdx.y over rows, so that a thread keeps its channels and
// their values in registers while it walks down the rows. blockIdx.x continues the channels, blockIdx.y the rows.
#pragma once

#include "elementwise_loops.cuh"

// by_width calls f(Width<V>) with the widest vector of T that divides c.
template <typename T, typename F> __device__ inline void by_width(unsigned c, F f) {
    if (c % Lanes<T>::n == 0) {
        f(Width<Lanes<T>::n>{});
    } else {
        f(Width<1>{});
    }
}

// first_channel is the first of a thread's V channels; of a tile that overhangs, it may be c or more.
template <int V> __device__ inline unsigned first_channel() { return thread_index() * V; }

// each_row calls f(Width<V>, j, at) once to make a row function of the thread's channels j, j+1, ... and then that
// function with the offset of each of the thread's vectors.
template <typename T, typename F> __device__ inline void each_row(unsigned rows, unsigned c, F f) {
    by_width<T>(c, [=](auto width) {
        const unsigned j = first_channel<decltype(width)::n>();
        if (j >= c) return;
        auto row = f(width, j);
        const unsigned step = gridDim.y * blockDim.y;
        for (unsigned r = blockIdx.y * blockDim.y + threadIdx.y; r < rows; r += step) row(r * c + j);
    });
}

// Chunk is the run of rows that a block with this blockIdx.y sums up.
struct Chunk {
    unsigned first, last;
    __device__ Chunk(unsigned rows, unsigned size) {
        first = blockIdx.y * size;
        last = first + size < rows ? first + size : rows;
    }
};

// block_sum adds up v over the threads of a block whose numbers are equal modulo columns, in an order that depends on
// the block's shape alone. Every thread of the block must call it and gets its column's sum.
template <typename F, int V> __device__ inline void block_sum(F (&v)[V], unsigned columns) {
    __shared__ F part[V][256];
    const unsigned t = threadIdx.y * blockDim.x + threadIdx.x;
    const unsigned row = t / columns;
    for (int k = 0; k < V; k++) part[k][t] = v[k];
    __syncthreads();
    for (unsigned n = blockDim.x * blockDim.y / columns; n > 1;) {
        const unsigned half = (n + 1) / 2;
        if (row < n - half) {
            for (int k = 0; k < V; k++) part[k][t] += part[k][t + half * columns];
        }
        __syncthreads();
        n = half;
    }
    for (int k = 0; k < V; k++) v[k] = part[k][t % columns];
    __syncthreads();
}
