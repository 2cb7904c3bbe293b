// Loops over the rows of matrices of rows x c, which is what NHWC activations are to kernels that work per channel.
//
// threadIdx.x and blockIdx.x count vectors of channels, threadIdx.y and blockIdx.y count rows. So a thread keeps the
// same channels, and their parameters in registers, while it loops over rows.
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

// first_channel is the first of the thread's V channels. It may be c or more, where the grid exceeds the channels.
template <int V> __device__ inline unsigned first_channel() { return thread_index() * V; }

// each_row calls f(Width<V>, j) once, which returns a function for the thread's channels j, j+1, ..., and then calls
// that function with the offset of each vector of the thread.
template <typename T, typename F> __device__ inline void each_row(unsigned rows, unsigned c, F f) {
    by_width<T>(c, [=](auto width) {
        const unsigned j = first_channel<decltype(width)::n>();
        if (j >= c) return;
        auto row = f(width, j);
        const unsigned step = gridDim.y * blockDim.y;
        for (unsigned r = blockIdx.y * blockDim.y + threadIdx.y; r < rows; r += step) row(r * c + j);
    });
}

// Chunk is the rows that all blocks with this blockIdx.y sum up.
struct Chunk {
    unsigned first, last;
    __device__ Chunk(unsigned rows, unsigned size) {
        first = blockIdx.y * size;
        last = first + size < rows ? first + size : rows;
    }
};

// block_sum adds up v over the threads of a block whose indices are equal modulo `columns`, in an order that depends on
// the shape of the block alone. Every thread of the block must call it, and gets the sum of its column.
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
