// Reductions of many values over the lanes of a warp, and of the partial sums of many blocks.
#pragma once

#include <string.h>

#include "elementwise_loops.cuh"

// Words is a value as 32-bit words, for shuffles. Selecting between two of them word by word keeps both in registers.
template <typename E> struct Words {
    static constexpr int N = sizeof(E) / 4;
    unsigned w[N];

    Words() = default;
    __device__ explicit Words(const E &v) { memcpy(w, &v, sizeof w); }
    __device__ E value() const {
        E v;
        memcpy(&v, w, sizeof w);
        return v;
    }
    // across is the value of the lane whose index differs from this one's in that bit.
    __device__ Words across(int bit) const {
        Words other;
        for (int i = 0; i < N; i++) other.w[i] = __shfl_xor_sync(0xffffffff, w[i], bit);
        return other;
    }
    __device__ static Words select(bool first, const Words &a, const Words &b) {
        Words c;
        for (int i = 0; i < N; i++) c.w[i] = first ? a.w[i] : b.w[i];
        return c;
    }
};

// halve reduces V values over lanes whose indices differ in the bits from BIT down to LOWEST. In each step, a lane
// keeps one half of its values, joined with the same half of the lane across the bit, and passes on the other half.
template <int V, int BIT, int LOWEST, typename E, typename Join> __device__ inline void halve(E *v, Join join) {
    if constexpr (BIT >= LOWEST) {
        const bool upper = threadIdx.x & BIT;
        for (int k = 0; k < V / 2; k++) {
            const Words<E> low(v[k]), high(v[k + V / 2]);
            const Words<E> mine = Words<E>::select(upper, high, low), other = Words<E>::select(upper, low, high);
            v[k] = join(mine.value(), other.across(BIT).value());
        }
        halve<V / 2, BIT / 2, LOWEST>(v, join);
    }
}

// WarpReduce joins each of V values over the lanes of a warp whose indices are equal modulo `columns`. V and columns
// are powers of two, columns at most MIN. As a lane passes on half of its values in each step, this takes about V
// shuffles in total rather than V in each step. Afterwards, a lane has LEFT values of its column, those from index
// first() on. Several lanes may have the same values; owns() is true in one of them. Blocks are one-dimensional.
template <int V, int MIN> struct WarpReduce {
    static constexpr int SHARES = V < 32 / MIN ? V : 32 / MIN, LEFT = V / SHARES, LOWEST = 32 / SHARES;

    template <typename E, typename Join> __device__ static void run(E (&v)[V], unsigned columns, Join join) {
        halve<V, 16, LOWEST>(v, join);
        for (unsigned bit = LOWEST / 2; bit >= columns; bit /= 2) {
            for (int k = 0; k < LEFT; k++) v[k] = join(v[k], Words<E>(v[k]).across(bit).value());
        }
    }
    __device__ static unsigned first() { return threadIdx.x % 32 / LOWEST * LEFT; }
    __device__ static bool owns(unsigned columns) { return threadIdx.x % LOWEST < columns; }
};

// sum_rows computes y[j] = Σ_i x[i*n + j] over i < rows, in double and in a fixed order. n is a multiple of 4. All
// threads of one block of at most 256 must call it. If there are fewer vectors than threads, several threads divide the
// rows of a vector among them.
static __device__ inline void sum_rows(float *y, const float *x, unsigned rows, unsigned n) {
    constexpr int V = 4, BATCH = 8; // loads that a thread issues at once
    __shared__ double sums[256][V];
    const unsigned vectors = n / V, shares = vectors < blockDim.x ? blockDim.x / vectors : 1;
    const unsigned across = blockDim.x / shares, t = threadIdx.x, share = t / across;
    for (unsigned first = 0; first < vectors; first += across) {
        const unsigned j = (first + t % across) * V;
        const bool has = j < n && share < shares;
        double sum[V] = {};
        for (unsigned i = share; has && i < rows; i += BATCH * shares) {
            Floats<V> v[BATCH] = {};
            for (int b = 0; b < BATCH; b++) {
                if (i + b * shares < rows) v[b] = load<V>(x + (i + b * shares) * n + j);
            }
            for (int b = 0; b < BATCH; b++) {
                for (int k = 0; k < V; k++) sum[k] += v[b].e[k];
            }
        }
        for (int k = 0; k < V; k++) sums[t][k] = sum[k];
        __syncthreads();
        for (unsigned s = 1; has && share == 0 && s < shares; s++) {
            for (int k = 0; k < V; k++) sum[k] += sums[t + s * across][k];
        }
        Floats<V> total;
        for (int k = 0; k < V; k++) total.e[k] = sum[k];
        if (has && share == 0) store(y + j, total);
        __syncthreads();
    }
}
