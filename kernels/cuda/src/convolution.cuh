// Convolutions of stride 1 as one matrix product a block and tap, with what comes before and after them on the way.
#pragma once

#include "epilogue.cuh"
#include "window.cuh"
#include "weight_ring.cuh"

// ConvolutionLaunch is what a launch takes; Go's of the same name says how it is chosen.
struct ConvolutionLaunch {
    OperandArgs operand;
    Epilogue epilogue;
    const void *weight; // Out,taps,In
    unsigned rows, height, width, in, taps, slots;
    unsigned reach;  // rows that a tile needs beyond its own, on either side: the 3x3 window's
    unsigned staged; // bytes of shared memory for the operand or what comes after it
    unsigned raw;    // bytes of shared memory for the rows that the next tile's operand is computed from; 0: none
};

// convolution makes a block's tiles of N channels, from N*blockIdx.y on, by as many rows as its warps have: two warps
// share 32 rows of 32 and more channels. It takes the tiles of rows blockIdx.x, blockIdx.x + gridDim.x, ...
//
// The rows of a tile are pixels that follow each other, whatever their images, so all taps find theirs in one run of
// the operand; where a tap lies outside of its pixel's image a row of zeros stands in, one of eight in front of the
// operand: the one that lies in the banks of the row that it stands in for.
//
// With memory for raw rows, those of a tile are on their way while the tile before it is multiplied.
template <typename T, int N> __device__ inline void convolution(const ConvolutionLaunch &a) {
    constexpr int ACROSS = N > 16 ? 2 : 1, COLUMNS = N / ACROSS, ZEROS = 8;
    using Rows = WarpRows<T, COLUMNS>;
    const Epilogue &e = a.epilogue;
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32, block_rows = blockDim.x / ACROSS;
    const unsigned down = warp / ACROSS * 32, column = warp % ACROSS * COLUMNS;
    const unsigned row = a.in * sizeof(T), pitch = row + 16;
    const unsigned tiles = (a.rows + block_rows - 1) / block_rows, mine = (tiles - blockIdx.x - 1) / gridDim.x + 1;
    const unsigned operand_rows = block_rows + 2 * a.reach;

    DYNAMIC_SHARED(char, shared);
    char *const operand = shared + ZEROS * pitch, *const raw = operand + a.staged;
    char *const products_at = operand + warp * WarpTile<T, COLUMNS>::BYTES;
    OperandArgs source = a.operand;
    if (a.raw) {
        source.x = raw;
        source.input = raw + operand_rows * row;
        copy_rows<T>(raw, a.operand, int(blockIdx.x * block_rows - a.reach), operand_rows, a.rows, a.in);
    }
    const char *const weight = static_cast<const char *>(a.weight) + int64_t(blockIdx.y) * N * a.taps * row;
    WeightRing<N> weights(weight, raw + a.raw, row, pitch, a.taps, a.slots, mine * a.taps);
    for (unsigned at = threadIdx.x * 16; at < ZEROS * pitch; at += blockDim.x * 16) put_packet(shared + at, {});

    const unsigned channel = blockIdx.y * N + column + lane % Rows::ACROSS * Rows::V;
    ChannelSums<Rows::V> sums;
    for (unsigned t = blockIdx.x; t < tiles; t += gridDim.x) {
        const unsigned first = t * block_rows;
        const int start = first - a.reach;
        if (a.raw) weights.wait();
        stage<T>(operand, pitch, source, a.raw ? start : 0, start, operand_rows, a.rows, a.in);
        if (a.raw && t + gridDim.x < tiles) {
            copy_rows<T>(raw, a.operand, start + int(gridDim.x * block_rows), operand_rows, a.rows, a.in);
        }
        unsigned inside[2];
        for (int i = 0; i < 2; i++) {
            inside[i] = a.taps == 1 ? 1 : taps_inside(first + down + i * 16 + lane % 16, a.height, a.width);
        }
        WarpTile<T, COLUMNS> products;
        for (unsigned tap = 0; tap < a.taps; tap++) {
            const char *const w = weights.next() + column * pitch;
            const unsigned moved = tap / 3 * a.width + tap % 3;
            const char *from[2];
            for (int i = 0; i < 2; i++) {
                const int r = down + i * 16 + lane % 16 + moved;
                from[i] = operand + (inside[i] >> tap & 1 ? r : r % ZEROS - ZEROS) * int(pitch) + lane / 16 * 16;
            }
            products.multiply(from, w, pitch, row);
        }
        __syncthreads(); // the operand is done with
        products.put(products_at);
        Rows{e, first + down, a.rows, channel}.finish(products_at, sums);
        __syncthreads();
    }

    const bool moments = e.stats.norm;
    if (!moments && !e.grad.norm) return;
    float2 *const part = e.part + blockIdx.x * e.c + blockIdx.y * N;
    sum_block<Rows::ACROSS>(sums, moments, Rows::ACROSS, column + lane % Rows::ACROSS * Rows::V, N, warp / ACROSS,
                            block_rows / 32, reinterpret_cast<Share *>(operand), part);
    if (!last_block(e.done)) return;
    if (moments) {
        finish_forward(e.stats, reinterpret_cast<const PartMoments *>(e.part), gridDim.x, e.c, a.rows,
                       DealtRows{a.rows, block_rows, gridDim.x});
    } else {
        finish_backward(e.grad, reinterpret_cast<const GradSums *>(e.part), gridDim.x, e.c, a.rows);
    }
}
