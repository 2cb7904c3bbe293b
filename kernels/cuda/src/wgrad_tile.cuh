// The tile of one warp in a weight gradient: its products, its sums and their store.
#pragma once

#include "wgrad.cuh"

// Rows is a matrix in shared memory: a row of channels for each pixel.
template <typename T> struct Rows {
    T *at;
    unsigned stride;
    __device__ T *operator()(unsigned r) const { return at + r * stride; }
};

// Taps finds the rows of x at which the warp's taps of a pixel lie.
template <typename T> struct Taps {
    Rows<T> x;                // a ring, followed by zero_rows rows of zeros
    const unsigned short *in; // taps_inside of each pixel of the chunk
    unsigned first, mask;     // ring row of the warp's first tap at the chunk's first pixel; ring size - 1
    unsigned tap;             // the warp's first tap

    // A tap outside the image reads the row of zeros that has the same banks, so that bank conflicts stay away.
    __device__ const T *operator()(unsigned pixel, unsigned t) const {
        const unsigned at = (first + pixel + t) & mask;
        return x(in[pixel] >> (tap + t) & 1 ? at : mask + 1 + at % zero_rows);
    }
};

// WeightTile is 16*MI outputs by TAPS x 8*NI inputs.
template <typename T, int TAPS, int MI, int NI> struct WeightTile {
    static constexpr int size = MI * TAPS * NI * 4;
    float sum[MI][TAPS][NI][4] = {};

    // add adds the products of Product<T>::k pixels, from `pixel` of the chunk on. g and x start at the warp's
    // channels.
    __device__ void add(const Rows<T> &g, const Taps<T> &x, unsigned pixel) { add(g, x, pixel, T()); }

    // With 16-bit types, a register of a fragment has one channel of two pixels, but a row in shared memory has the
    // channels of one pixel: ldmatrix transposes.
    template <typename Half> __device__ void add(const Rows<T> &g, const Taps<T> &x, unsigned pixel, Half) {
        const unsigned lane = threadIdx.x % 32;
        unsigned b[TAPS][NI][2];
#pragma unroll
        for (int t = 0; t < TAPS; t++) {
            const T *const row = x(pixel + lane % 16, t) + lane / 16 * 8;
#pragma unroll
            for (int n = 0; n < NI; n += 2) {
                unsigned both[4];
                ldmatrix_transposed(both, row + n * 8);
                b[t][n][0] = both[0], b[t][n][1] = both[1];
                b[t][n + 1][0] = both[2], b[t][n + 1][1] = both[3];
            }
        }
        const T *const row = g(pixel + lane % 8 + lane / 16 * 8) + lane / 8 % 2 * 8;
#pragma unroll
        for (int m = 0; m < MI; m++) {
            unsigned a[4];
            ldmatrix_transposed(a, row + m * 16);
            multiply(sum[m], a, b);
        }
    }

    __device__ void add(const Rows<T> &g, const Taps<T> &x, unsigned pixel, float) {
        const unsigned group = threadIdx.x % 32 / 4, at = pixel + threadIdx.x % 4;
        unsigned b[TAPS][NI][2];
#pragma unroll
        for (int t = 0; t < TAPS; t++) {
            const T *const near = x(at, t) + group, *const far = x(at + 4, t) + group;
#pragma unroll
            for (int n = 0; n < NI; n++) {
                b[t][n][0] = __float_as_uint(near[n * 8]);
                b[t][n][1] = __float_as_uint(far[n * 8]);
            }
        }
        const T *const near = g(at) + group, *const far = g(at + 4) + group;
#pragma unroll
        for (int m = 0; m < MI; m++) {
            const unsigned a[4] = {__float_as_uint(near[m * 16]), __float_as_uint(near[m * 16 + 8]),
                                   __float_as_uint(far[m * 16]), __float_as_uint(far[m * 16 + 8])};
            multiply(sum[m], a, b);
        }
    }

    static __device__ void multiply(float (&d)[TAPS][NI][4], const unsigned (&a)[4], const unsigned (&b)[TAPS][NI][2]) {
#pragma unroll
        for (int t = 0; t < TAPS; t++) {
#pragma unroll
            for (int n = 0; n < NI; n++) mma(d[t][n], a, b[t][n], T());
        }
    }

    // merge adds up the sums of the `deep` warps that divide the pixels of one tile, in the first of these warps.
    // `warp` is the index of the tile among `count` tiles, `part` the index of this warp in its tile. room is shared
    // memory for (deep-1)*count*size*32 floats.
    __device__ void merge(float *room, unsigned warp, unsigned count, unsigned part, unsigned deep) {
        float *const flat = &sum[0][0][0][0], *const mine = room + warp * size * 32 + threadIdx.x % 32;
        __syncthreads();
        if (part > 0) {
#pragma unroll
            for (int i = 0; i < size; i++) mine[((part - 1) * count * size + i) * 32] = flat[i];
        }
        __syncthreads();
        if (part > 0) return;
        for (unsigned p = 0; p < deep - 1; p++) {
#pragma unroll
            for (int i = 0; i < size; i++) flat[i] += mine[(p * count * size + i) * 32];
        }
    }

    // store writes the sums to dw, rows of outputs, each taps x inputs. The tile starts at `output` and `input`; sums
    // beyond the last output or input are not stored.
    __device__ void store(float *dw, unsigned output, unsigned outputs, unsigned tap, unsigned taps, unsigned input,
                          unsigned inputs) const {
        const unsigned group = threadIdx.x % 32 / 4, pair = threadIdx.x % 4 * 2;
#pragma unroll
        for (int m = 0; m < MI; m++) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const unsigned o = output + m * 16 + half * 8 + group;
                if (o >= outputs) return;
#pragma unroll
                for (int t = 0; t < TAPS; t++) {
                    float *const row = dw + (o * taps + tap + t) * inputs;
#pragma unroll
                    for (int n = 0; n < NI; n++) {
                        const unsigned i = input + n * 8 + pair;
                        const Vector<float, 2> pair_sums = {sum[m][t][n][2 * half], sum[m][t][n][2 * half + 1]};
                        if (i < inputs) put(row + i, pair_sums);
                    }
                }
            }
        }
    }
};
