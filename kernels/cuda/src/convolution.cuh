// Convolutions of stride 1 as matrix products, one per tile and tap, fused with the operations before and after them. A
// tap is one position of the 1x1 or 3x3 window.
#pragma once

#include "epilogue.cuh"
#include "overlap.cuh"
#include "weight_ring.cuh"
#include "window.cuh"

// ConvolutionLaunch is the argument of the kernels. Go's ConvolutionLaunch mirrors it; convolution_plan.go chooses it.
struct ConvolutionLaunch {
    OperandArgs operand;
    Epilogue epilogue;
    const void *weight; // Out,taps,In
    unsigned rows, height, width, in, taps, slots;
    unsigned reach;  // rows that a tile needs before and after its own: width + 1 for a 3x3 window, 0 for 1x1
    unsigned staged; // bytes of shared memory for the operand and, after it, for the products and sums
    unsigned raw;    // bytes of shared memory to prefetch the next tile's rows into; 0: no prefetch
};

// convolution computes tiles of N output channels, starting at channel N*blockIdx.y. A warp computes 32 rows; with N of
// 32 and more, two warps divide the N channels of 32 rows. The block computes the tiles of rows blockIdx.x,
// blockIdx.x + gridDim.x, ...
//
// The rows of a tile are consecutive pixels of the batch, across images, so all taps read from one run of operand rows.
// Where a tap lies outside the image of its pixel, it reads a row of zeros instead. There are eight of those in front
// of the operand; the one used has the same banks as the row that it replaces, which avoids bank conflicts.
//
// With memory for raw rows, the rows of the next tile are copied while this tile is multiplied.
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
    // The weights are there before the kernel in front has ended: pack_weights, which writes them, releases no kernel.
    const char *const weight = static_cast<const char *>(a.weight) + int64_t(blockIdx.y) * N * a.taps * row;
    WeightRing<N> weights(weight, raw + a.raw, row, pitch, a.taps, a.slots, mine * a.taps);
    for (unsigned at = threadIdx.x * 16; at < ZEROS * pitch; at += blockDim.x * 16) put_packet(shared + at, {});
    follow_previous();
    OperandArgs source = a.operand;
    if (a.raw) {
        source.x = raw;
        source.input = raw + operand_rows * row;
        copy_rows<T>(raw, a.operand, int(blockIdx.x * block_rows - a.reach), operand_rows, a.rows, a.in);
    }
    weights.begin();

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
        __syncthreads(); // no warp reads the operand any more
        products.put(products_at);
        Rows{e, first + down, a.rows, channel}.finish(products_at, sums);
        __syncthreads();
    }

    const bool moments = e.stats.norm;
    if (!moments && !e.grad.norm) return;
    float2 *const part = e.part + blockIdx.x * e.c + blockIdx.y * N;
    sum_block<Rows::ACROSS>(sums, moments, Rows::ACROSS, column + lane % Rows::ACROSS * Rows::V, N, warp / ACROSS,
                            block_rows / 32, reinterpret_cast<PartialSum *>(operand), part);
    if (!last_block(e.done)) return;
    if (moments) {
        finish_forward(e.stats, reinterpret_cast<const PartMoments *>(e.part), gridDim.x, e.c, a.rows,
                       RoundRobinRows{a.rows, block_rows, gridDim.x});
    } else {
        finish_backward(e.grad, reinterpret_cast<const GradSums *>(e.part), gridDim.x, e.c, a.rows);
    }
}
