// What a tensor-core kernel multiplies: a matrix of rows x c, taken as it is or computed from others on its way into
// shared memory, each element once for all the products it is part of.
#pragma once

#include "elementwise_loops.cuh"
#include "mma.cuh"
#include "lazy_batchnorm.cuh"

// OperandKind is Go's.
enum OperandKind : unsigned { PLAIN, NORMALIZED, NORM_GRADIENT };

// OperandArgs is what a kernel is given of Go's Operand.
struct OperandArgs {
    const void *x, *input;
    const float *norm;
    unsigned kind;
    Flag relu;
};

// Packet is what a thread moves at once, 16 bytes. In registers it stays whole where halves would be moved one by one.
using Packet = Vector<unsigned, 4>;

__device__ inline Packet fetch_packet(const void *p) { return fetch<4>(static_cast<const unsigned *>(p)); }
__device__ inline void put_packet(void *p, const Packet &v) { put(static_cast<unsigned *>(p), v); }

// unpacked are the elements of T in 16 bytes, as float32; packed are elements as 16 bytes.
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

// norm_row is channels j, j+1, ... of a row of a norm's state.
template <int V> __device__ inline Floats<V> norm_row(const float *norm, NormRow row, unsigned c, unsigned j) {
    return load<V>(norm + row * c + j);
}

// Normalize is h = x*scale + shift of V channels.
template <int V> struct Normalize {
    Floats<V> scale, shift;
    __device__ Normalize(const float *norm, unsigned c, unsigned j)
        : scale(norm_row<V>(norm, norm_scale, c, j)), shift(norm_row<V>(norm, norm_shift, c, j)) {}
    __device__ float operator()(int k, float x) const { return fmaf(x, scale.e[k], shift.e[k]); }
};

// NormInputGradient is dx = g*a + (x-mean)*b + k of V channels.
template <int V> struct NormInputGradient {
    Floats<V> mean, a, b, k;
    __device__ NormInputGradient(const float *norm, unsigned c, unsigned j)
        : mean(norm_row<V>(norm, norm_mean, c, j)), a(norm_row<V>(norm, norm_a, c, j)),
          b(norm_row<V>(norm, norm_b, c, j)), k(norm_row<V>(norm, norm_k, c, j)) {}
    __device__ float operator()(int i, float g, float x) const {
        return fmaf(g, a.e[i], fmaf(x - mean.e[i], b.e[i], k.e[i]));
    }
};

// factor is v as the tensor cores multiply it.
template <typename T> __device__ inline T factor(float v) { return narrow<T>(v); }
template <> __device__ inline float factor<float>(float v) { return to_tf32(v); }

// ThreadRows is what a thread moves of rows of c channels: the vector from `column` on of rows start, start + step, ...
template <typename T> struct ThreadRows {
    unsigned column, start, step;

    __device__ explicit ThreadRows(unsigned c) {
        const unsigned vectors = c / Lanes<T>::n;
        column = threadIdx.x % vectors * Lanes<T>::n;
        start = threadIdx.x / vectors;
        step = blockDim.x / vectors;
        if (start >= step) start = UINT_MAX; // the block is no whole number of rows
    }
};

// copy_rows begins to copy `count` rows from `first` on of the operand's matrices, rows x c, as they are: those of x to
// `shared` and, if they are part of the operand, those of input behind them. Rows outside of 0 to rows-1 stay what they
// are. Each thread copies what stage has it take from there, so that it need wait for no other.
template <typename T>
__device__ inline void copy_rows(char *shared, const OperandArgs &o, int first, unsigned count, unsigned rows,
                                 unsigned c) {
    const ThreadRows<T> mine(c);
    T *const to = reinterpret_cast<T *>(shared) + mine.column, *const behind = to + count * c;
    const T *const x = static_cast<const T *>(o.x) + mine.column;
    const T *const input = static_cast<const T *>(o.input) + mine.column;
    for (unsigned i = mine.start; i < count; i += mine.step) {
        const unsigned r = first + i; // a row before the first is a large number
        if (r >= rows) continue;
        copy_async(to + i * c, x + r * c);
        if (o.kind == NORM_GRADIENT) copy_async(behind + i * c, input + r * c);
    }
}

// stage_with stages f(k, x, input) of each element, k being its place in a thread's vector of channels. make(j) makes f
// for the vector that starts at channel j. Without INPUT there is no second matrix to read.
template <bool INPUT, typename T, typename Make>
__device__ inline void stage_with(char *shared, unsigned pitch, const OperandArgs &o, int origin, int first,
                                  unsigned count, unsigned rows, unsigned c, Make make) {
    constexpr int V = Lanes<T>::n, BATCH = INPUT ? 4 : 8; // rows of a thread under way at once
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
            for (int k = 0; k < V; k++) product.e[k] = factor<T>(f(k, p.e[k], q.e[k]));
            const bool inside = unsigned(first + i + b * step) < rows;
            put_packet(to + (i + b * step) * pitch, inside ? packed<T>(product) : Packet{});
        }
    }
}

// stage puts `count` rows from `first` on of the operand, rows x c, into shared memory, `pitch` bytes apart. Rows
// outside of 0 to rows-1 are 0. o's matrices begin with row `origin`, as does a copy of some of their rows. All threads
// of the block must call it, and meet before they read what it staged. A row has at most as many vectors as the block
// has threads.
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
