// The operand of a tensor-core kernel: a matrix of rows x c, either stored or computed from stored matrices when it is
// loaded into shared memory. Each element is computed once for all the products that use it.
#pragma once

#include "elementwise_loops.cuh"
#include "lazy_batchnorm.cuh"
#include "mma.cuh"

// OperandKind mirrors Go's OperandKind.
enum OperandKind : unsigned { PLAIN, NORMALIZED, NORM_GRADIENT };

// OperandArgs mirrors Go's Operand.
struct OperandArgs {
    const void *x, *input;
    const float *norm;
    unsigned kind;
    Flag relu;
};

// Packet is the 16 bytes that a thread moves at once. As four words it moves in whole registers; the compiler would
// move 16-bit elements one by one.
using Packet = Vector<unsigned, 4>;

__device__ inline Packet fetch_packet(const void *p) { return fetch<4>(static_cast<const unsigned *>(p)); }
__device__ inline void put_packet(void *p, const Packet &v) { put(static_cast<unsigned *>(p), v); }

// unpacked converts a packet of T to float32; packed makes a packet of elements.
template <typename T> __device__ inline Floats<Lanes<T>::n> unpacked(const Packet &w) {
    Vector<T, Lanes<T>::n> v;
    memcpy(&v, &w, sizeof v);
    Floats<Lanes<T>::n> f;
    for (int k = 0; k < Lanes<T>::n; k++) f.e[k] = widen(v.e[k]);
    return f;
}
template <typename T> __device__ inline Packet packed(const Vector<T, Lanes<T>::n> &v) {
    Packet w;
    memcpy(&w, &v, sizeof w);
    return w;
}

// norm_row loads channels j, j+1, ... of one row of a norm's state.
template <int V> __device__ inline Floats<V> norm_row(const float *norm, NormRow row, unsigned c, unsigned j) {
    return load<V>(norm + row * c + j);
}

// Normalize computes h = x*scale + shift for V channels.
template <int V> struct Normalize {
    Floats<V> scale, shift;
    __device__ Normalize(const float *norm, unsigned c, unsigned j)
        : scale(norm_row<V>(norm, norm_scale, c, j)), shift(norm_row<V>(norm, norm_shift, c, j)) {}
    __device__ float operator()(int k, float x) const { return fmaf(x, scale.e[k], shift.e[k]); }
};

// NormInputGradient computes dx = g*a + (x-mean)*b + k for V channels.
template <int V> struct NormInputGradient {
    Floats<V> mean, a, b, k;
    __device__ NormInputGradient(const float *norm, unsigned c, unsigned j)
        : mean(norm_row<V>(norm, norm_mean, c, j)), a(norm_row<V>(norm, norm_a, c, j)),
          b(norm_row<V>(norm, norm_b, c, j)), k(norm_row<V>(norm, norm_k, c, j)) {}
    __device__ float operator()(int i, float g, float x) const {
        return fmaf(g, a.e[i], fmaf(x - mean.e[i], b.e[i], k.e[i]));
    }
};

// mma_input is v, rounded to what the tensor cores multiply.
template <typename T> __device__ inline T mma_input(float v) { return narrow<T>(v); }
template <> __device__ inline float mma_input<float>(float v) { return to_tf32(v); }

// ThreadRows is the part of a matrix with c channels that a thread moves: one vector, which starts at channel `column`,
// of the rows start, start + step, ...
template <typename T> struct ThreadRows {
    unsigned column, start, step;

    __device__ explicit ThreadRows(unsigned c) {
        const unsigned vectors = c / Lanes<T>::n;
        column = threadIdx.x % vectors * Lanes<T>::n;
        start = threadIdx.x / vectors;
        step = blockDim.x / vectors;
        if (start >= step) start = UINT_MAX; // this thread is left over: the block does not divide into rows
    }
};

// copy_rows starts to copy `count` rows, from row `first` on, of the operand's matrices, rows x c: x to `shared` and,
// for NORM_GRADIENT, input after it. Rows outside 0 to rows-1 are not written. Each thread copies exactly what it will
// read in stage, so it only has to wait for its own copies.
template <typename T>
__device__ inline void copy_rows(char *shared, const OperandArgs &o, int first, unsigned count, unsigned rows,
                                 unsigned c) {
    const ThreadRows<T> mine(c);
    T *const to = reinterpret_cast<T *>(shared) + mine.column, *const after = to + count * c;
    const T *const x = static_cast<const T *>(o.x) + mine.column;
    const T *const input = static_cast<const T *>(o.input) + mine.column;
    for (unsigned i = mine.start; i < count; i += mine.step) {
        const unsigned r = first + i; // a row before the first is a large number
        if (r >= rows) continue;
        copy_async(to + i * c, x + r * c);
        if (o.kind == NORM_GRADIENT) copy_async(after + i * c, input + r * c);
    }
}

// stage_with stages f(k, x, input) for each element, where k is its index in the thread's vector of channels. make(j)
// returns f for the vector that starts at channel j. Without INPUT, the second matrix is not read.
template <bool INPUT, typename T, typename Make>
__device__ inline void stage_with(char *shared, unsigned pitch, const OperandArgs &o, int origin, int first,
                                  unsigned count, unsigned rows, unsigned c, Make make) {
    constexpr int V = Lanes<T>::n, BATCH = INPUT ? 4 : 8; // rows that a thread loads at once
    const auto [column, start, step] = ThreadRows<T>(c);
    const T *const x = static_cast<const T *>(o.x) + column;
    const T *const input = static_cast<const T *>(o.input) + column;
    char *const to = shared + column * sizeof(T);
    const auto f = make(column);
    for (unsigned i = start; i < count; i += BATCH * step) {
        Packet v[BATCH], u[BATCH];
#pragma unroll
        for (int b = 0; b < BATCH; b++) {
            const unsigned r = first + i + b * step, at = (r - origin) * c;
            const bool inside = i + b * step < count && r < rows;
            v[b] = inside ? fetch_packet(x + at) : Packet{};
            u[b] = INPUT && inside ? fetch_packet(input + at) : Packet{};
        }
#pragma unroll
        for (int b = 0; b < BATCH; b++) {
            if (i + b * step >= count) continue;
            const Floats<V> p = unpacked<T>(v[b]), q = unpacked<T>(u[b]);
            Vector<T, V> product;
            for (int k = 0; k < V; k++) product.e[k] = mma_input<T>(f(k, p.e[k], q.e[k]));
            const bool inside = unsigned(first + i + b * step) < rows;
            put_packet(to + (i + b * step) * pitch, inside ? packed<T>(product) : Packet{});
        }
    }
}

// stage computes `count` rows of the operand, rows x c, from row `first` on, and writes them to shared memory, `pitch`
// bytes apart. Rows outside 0 to rows-1 are 0. `origin` is the row at which o.x and o.input begin: 0, or the first row
// of the copies that copy_rows made. All threads of the block must call it, and synchronise before they read the
// result. A row has at most as many vectors as the block has threads.
template <typename T>
__device__ inline void stage(char *shared, unsigned pitch, const OperandArgs &o, int origin, int first,
                             unsigned count, unsigned rows, unsigned c) {
    constexpr int V = Lanes<T>::n;
    if (o.kind == NORMALIZED) {
        stage_with<false, T>(shared, pitch, o, origin, first, count, rows, c, [=](unsigned j) {
            const Normalize<V> h(o.norm, c, j);
            return [=](int k, float x, float) { return o.relu ? positive(h(k, x)) : h(k, x); };
        });
    } else if (o.kind == NORM_GRADIENT) {
        stage_with<true, T>(shared, pitch, o, origin, first, count, rows, c, [=](unsigned j) {
            const NormInputGradient<V> dx(o.norm, c, j);
            return [=](int k, float g, float x) { return dx(k, g, x); };
        });
    } else {
        stage_with<false, T>(shared, pitch, o, origin, first, count, rows, c, [](unsigned) {
            return [](int, float x, float) { return x; };
        });
    }
}
