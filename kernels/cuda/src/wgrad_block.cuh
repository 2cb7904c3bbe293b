// The work of one block on a weight gradient: one tile over one split of the pixels.
#pragma once

#include "wgrad_loader.cuh"
#include "wgrad_tile.cuh"

// weight_block computes the tile of the block. TAPS is the length of a row of taps: 3, or 1 for a 1x1 kernel. Go's
// weightPlan computes the size of shared.
template <typename T, int TAPS, int MI, int NI, int G_SLOTS, int X_SLOTS>
__device__ inline void weight_block(const WeightTasks &tasks, unsigned i, char *shared) {
    const WeightTask &task = tasks.task[i];
    constexpr int k = Product<T>::k;
    const unsigned block = blockIdx.x - task.first, tile = block % task.tiles, split = block / task.tiles;
    const unsigned tiles_in = (task.in + task.inputs - 1) / task.inputs;
    const unsigned input = tile % tiles_in * task.inputs, output = tile / tiles_in * task.outputs;
    const int rows = task.rows, chunk = task.chunk, halo = TAPS == 1 ? 0 : task.w + 1;
    const int begin = split * task.span, end = min(rows, begin + int(task.span));

    // Shared memory: g of this chunk and of the next, the ring of x, rows of zeros, and the bits of taps_inside of both
    // chunks. If a tile has fewer channels than its warps compute, warps read on into the next row, and those sums are
    // not stored.
    const unsigned g_stride = task.outputs + row_padding, x_stride = task.inputs + row_padding, mask = task.ring - 1;
    T *const g_rows = reinterpret_cast<T *>(shared), *const ring = g_rows + 2 * chunk * g_stride;
    T *const zeros = ring + task.ring * x_stride;
    unsigned short *const inside = reinterpret_cast<unsigned short *>(zeros + zero_rows * x_stride);
    for (unsigned c = threadIdx.x; c < zero_rows * x_stride; c += weight_threads) zeros[c] = narrow<T>(0);

    TileLoader<T, NORM_GRADIENT, G_SLOTS> g(tasks, i, task.out, output, min(task.outputs, task.out - output));
    TileLoader<T, NORMALIZED, X_SLOTS> x(tasks, i, task.in, input, min(task.inputs, task.in - input));
    g.request(begin, chunk, end);
    auto x_from = [=](int first) { return [=](int r) { return ring + ((first + r) & mask) * x_stride; }; };
    for (int r = begin - halo; r < begin + halo; r += chunk) {
        const int count = min(chunk, begin + halo - r);
        x.request(r, count, rows);
        x.store(r, count, rows, x_from(r));
    }

    // The warps divide, in this order: pixels, rows of taps, inputs, outputs.
    const unsigned warp = threadIdx.x / 32, part = warp % task.deep, place = warp / task.deep;
    const unsigned tap = place % TAPS * TAPS, over = place / TAPS;
    const unsigned warp_input = over % task.across * NI * 8, warp_output = over / task.across * MI * 16;
    const int lead = TAPS == 1 ? 0 : (int(place % TAPS) - 1) * int(task.w) - 1; // offset of its first tap in pixels

    WeightTile<T, TAPS, MI, NI> sums;
    x.request(begin + halo, chunk, rows);
    for (int p = begin, turn = 0; p < end; p += chunk, turn ^= 1) {
        // No other warp still reads what is overwritten here: others may be at the last chunk, but not at the one
        // before.
        T *const g_now = g_rows + turn * chunk * g_stride;
        unsigned short *const inside_now = inside + turn * chunk;
        g.store(p, chunk, end, [=](int r) { return g_now + r * g_stride; });
        x.store(p + halo, chunk, rows, x_from(p + halo));
        for (int r = threadIdx.x; r < chunk; r += weight_threads) {
            inside_now[r] = p + r >= end ? 0 : TAPS == 1 ? 1 : taps_inside(p + r, task.h, task.w);
        }
        __syncthreads();
        if (p + chunk < end) {
            g.request(p + chunk, chunk, end);
            x.request(p + chunk + halo, chunk, rows);
        }
        const Rows<T> from = {g_now + warp_output, g_stride};
        const Taps<T> taps = {{ring + warp_input, x_stride}, inside_now, unsigned(p + lead), mask, tap};
#pragma unroll 1
        for (int pixel = part * k; pixel < chunk; pixel += task.deep * k) sums.add(from, taps, pixel);
    }
    if (task.deep > 1) {
        sums.merge(reinterpret_cast<float *>(shared), place, weight_threads / 32 / task.deep, part, task.deep);
        if (part > 0) return;
    }
    const unsigned area = task.kernel * task.kernel;
    sums.store(task.dw + int64_t(split) * task.out * area * task.in, output + warp_output, task.out, tap, area,
               input + warp_input, task.in);
}
