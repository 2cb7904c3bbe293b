// The epilogue of a convolution: adds to the products, masks them, sums them up for batch norms, and stores them.
#pragma once

#include "channel_sums.cuh"
#include "operand.cuh"
#include "warp_tile.cuh"

// NormGradientTerm is the gradient of another branch, before it passes its batch norm. Go's NormGradientTerm mirrors
// it.
struct NormGradientTerm {
    const void *g, *input;
    const float *norm;
};

// Epilogue is what happens to the products; the documentation of Go's Convolution has the formulas. Matrices are
// rows x c. Null pointers leave their operation out.
struct Epilogue {
    NormForward stats;
    NormBackward grad;
    NormGradientTerm join;
    const void *add, *mask;
    void *y;
    float2 *part;   // gridDim.x x c
    unsigned *done; // counter of last_block
    unsigned c;
    Flag relu;
};

// WarpRows loops over the tile of a warp: a lane has V neighbouring columns of every DOWN-th row.
template <typename T, int N> struct WarpRows {
    static constexpr int V = Lanes<T>::n, ACROSS = N / V, DOWN = 32 / ACROSS, PASSES = WarpTile<T, N>::ROWS / DOWN;
    static constexpr int BATCH = 2; // rows that a lane loads at once

    const Epilogue &e;
    unsigned first, rows, channel; // first row of the tile, rows of the matrix, first channel of the lane

    // each computes y = f(product, term, input) for each row of the lane, masks and stores y, and calls g(y, input)
    // with y as it was rounded. term and input are rows of the matrices terms and inputs; of a null matrix they are 0.
    template <typename F, typename G>
    __device__ void each(const char *tile, const void *terms, const void *inputs, F f, G g) const {
        const unsigned lane = threadIdx.x % 32;
        const T *const term = static_cast<const T *>(terms), *const input = static_cast<const T *>(inputs);
        const T *const mask = static_cast<const T *>(e.mask);
#pragma unroll 1
        for (int pass = 0; pass < PASSES; pass += BATCH) {
            Packet t[BATCH], x[BATCH], m[BATCH];
#pragma unroll
            for (int b = 0; b < BATCH; b++) {
                const unsigned r = first + (pass + b) * DOWN + lane / ACROSS, at = r * e.c + channel;
                t[b] = term && r < rows ? fetch_packet(term + at) : Packet{};
                x[b] = input && r < rows ? fetch_packet(input + at) : Packet{};
                m[b] = mask && r < rows ? fetch_packet(mask + at) : Packet{};
            }
#pragma unroll
            for (int b = 0; b < BATCH; b++) {
                const unsigned row = (pass + b) * DOWN + lane / ACROSS, r = first + row;
                if (r >= rows) continue;
                const auto *const product = reinterpret_cast<const T *>(tile + row * WarpTile<T, N>::PITCH);
                Floats<V> y = f(load<V>(product + lane % ACROSS * V), unpacked<T>(t[b]), unpacked<T>(x[b]));
                if (mask) y = apply<V>(masked, y, unpacked<T>(m[b]));
                Vector<T, V> stored;
                for (int k = 0; k < V; k++) stored.e[k] = narrow<T>(y.e[k]);
                const Packet whole = packed<T>(stored);
                put_packet(static_cast<T *>(e.y) + r * e.c + channel, whole);
                g(unpacked<T>(whole), unpacked<T>(x[b]));
            }
        }
    }

    // finish computes and stores y from the products of the tile, and adds y to sums.
    __device__ void finish(const char *tile, ChannelSums<V> &sums) const {
        using Row = const Floats<V> &;
        if (e.join.norm) {
            const NormInputGradient<V> dx(e.join.norm, e.c, channel);
            each(tile, e.join.g, e.join.input,
                 [&](Row product, Row g, Row x) {
                     Floats<V> y;
                     for (int k = 0; k < V; k++) y.e[k] = product.e[k] + dx(k, g.e[k], x.e[k]);
                     return y;
                 },
                 [](Row, Row) {});
        } else if (e.grad.norm) {
            const Normalize<V> h(e.grad.norm, e.c, channel);
            const Floats<V> mean = norm_row<V>(e.grad.norm, norm_mean, e.c, channel);
            each(tile, e.add, e.grad.input,
                 [&](Row product, Row term, Row x) {
                     Floats<V> y = plus(product, term);
                     for (int k = 0; k < V && e.grad.relu; k++) y.e[k] = masked(y.e[k], h(k, x.e[k]));
                     return y;
                 },
                 [&](Row y, Row x) { sums.add_gradient(y, x, mean); });
        } else {
            each(tile, e.add, nullptr,
                 [&](Row product, Row term, Row) {
                     const Floats<V> y = plus(product, term);
                     return e.relu ? apply<V>(positive, y) : y;
                 },
                 [&](Row y, Row) {
                     if (e.stats.norm) sums.add_moments(y);
                 });
        }
    }
};
