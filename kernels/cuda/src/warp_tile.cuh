// The products of one warp: 32 rows by N columns of float32 sums, in registers as mma fragments.
#pragma once

#include "mma.cuh"

template <typename T, int N> struct WarpTile {
    static constexpr int ROWS = 32;
    // Rows in shared memory are padded, so that accesses by fragments and by rows have no bank conflicts.
    static constexpr unsigned PITCH = N * sizeof(T) + (sizeof(T) == 4 ? 32 : 16);
    static constexpr unsigned BYTES = ROWS * PITCH;

    float sum[2][N / 8][4] = {};

    // multiply adds a·bᵀ, summed over rows of `bytes` bytes, 32 bytes at a time. a[i] points to row lane%16 of the i-th
    // 16 rows of a, plus lane/16*16 bytes. b points to the first of N rows, `pitch` bytes apart.
    __device__ void multiply(const char *const (&a)[2], const char *b, unsigned pitch, unsigned bytes) {
        const unsigned lane = threadIdx.x % 32;
        const char *const mine = b + (lane % 8 + lane / 16 * 8) * pitch + lane / 8 % 2 * 16;
        for (unsigned k = 0; k < bytes; k += 32) {
            unsigned rows[2][4];
            for (int i = 0; i < 2; i++) ldmatrix(rows[i], a[i] + k);
#pragma unroll
            for (int j = 0; j < N / 8; j += 2) {
                unsigned columns[4];
                ldmatrix(columns, mine + j * 8 * pitch + k);
                const unsigned left[2] = {columns[0], columns[1]}, right[2] = {columns[2], columns[3]};
                for (int i = 0; i < 2; i++) {
                    mma(sum[i][j], rows[i], left, T());
                    mma(sum[i][j + 1], rows[i], right, T());
                }
            }
        }
    }

    // put rounds the sums to T and writes them to BYTES bytes of shared memory, for the lanes of the same warp to read.
    __device__ void put(char *shared) const {
        const unsigned lane = threadIdx.x % 32;
        char *const mine = shared + lane / 4 * PITCH + lane % 4 * 2 * sizeof(T);
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int j = 0; j < N / 8; j++) {
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    const Floats<2> pair = {{sum[i][j][2 * half], sum[i][j][2 * half + 1]}};
                    store(reinterpret_cast<T *>(mine + (i * 16 + half * 8) * PITCH) + j * 8, pair);
                }
            }
        }
        __syncwarp();
    }
};
