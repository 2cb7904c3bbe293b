// Sums of many values over a warp's lanes, and over the rows that blocks have left.
#pragma once

#include <string.h>

#include "elementwise_loops.cuh"

// Exchanged is a value as the words that lanes exchange: a choice between words stays in registers.
template <typename E> struct Exchanged {
    static constexpr int N = sizeof(E) / 4;
    unsigned w[N];

    Exchanged() = default;
    __device__ explicit Exchanged(const E &v) { memcpy(w, &v, sizeof w); }
    __device__ E value() const {
        E v;
        memcpy(&v, w, sizeof w);
        return v;
    }
    // across is the value of the lane whose number differs from this one's in one bit.
    __device__ Exchanged across(int bit) const {
        Exchanged other;
        for (int i = 0; i < N; i++) other.w[i] = __shfl_xor_sync(0xffffffff, w[i], bit);
        return other;
    }
    __device__ static Exchanged either(bool first, const Exchanged &a, const Exchanged &b) {
        Exchanged c;
        for (int i = 0; i < N; i++) c.w[i] = first ? a.w[i] : b.w[i];
        return c;
    }
};

// halve leaves each lane half of V values, joined with those of the lane across BIT, and so on down to the bit LOWEST.
template <int V, int BIT, int LOWEST, typename E, typename Join> __device__ inline void halve(E *v, Join join) {
    if constexpr (BIT >= LOWEST) {
        const bool upper = threadIdx.x & BIT;
        for (int k = 0; k < V / 2; k++) {
            const Exchanged<E> low(v[k]), high(v[k + V / 2]);
            const Exchanged<E> mine = Exchanged<E>::either(upper, high, low), other = Exchanged<E>::either(upper, low, high);
            v[k] = join(mine.value(), other.across(BIT).value());
        }
        halve<V / 2, BIT / 2, LOWEST>(v, join);
    }
}

// Fold joins each of V values over the lanes of a warp whose numbers are equal modulo `columns`, a power of two up to
// MIN. As a lane passes on half of what it has left at each step, this takes about V exchanges rather than V a step.
// Afterwards a lane has LEFT of its column's values, from number first() on; among the lanes that have the same ones one
// owns() them. V is a power of two. A block's threads are counted by threadIdx.x alone.
template <int V, int MIN> struct Fold {
    static constexpr int SHARES = V < 32 / MIN ? V : 32 / MIN, LEFT = V / SHARES, LOWEST = 32 / SHARES;

    template <typename E, typename Join> __device__ static void run(E (&v)[V], unsigned columns, Join join) {
        halve<V, 16, LOWEST>(v, join);
        for (unsigned bit = LOWEST / 2; bit >= columns; bit /= 2) {
            for (int k = 0; k < LEFT; k++) v[k] = join(v[k], Exchanged<E>(v[k]).across(bit).value());
        }
    }
    __device__ static unsigned first() { return threadIdx.x % 32 / LOWEST * LEFT; }
    __device__ static bool owns(unsigned columns) { return threadIdx.x % LOWEST < columns; }
};

// sum_rows is y[j] = Σ x[i*n + j] over `rows`, in double and in a fixed order, made by one block of at most 256 threads,
// all of which must call it. n is a multiple of 4. Threads share the rows if there are more than vectors.
static __device__ inline void sum_rows(float *y, const float *x, unsigned rows, unsigned n) {
    constexpr int V = 4, BATCH = 8; // loads of a thread under way at once
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
