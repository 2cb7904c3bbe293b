// Finds the last block of a grid, which combines the partial results of all blocks.
#pragma once

#include "common.cuh"

// last_block returns true in one block of the grid: the last one to call it. This block sees all that the others wrote
// to memory before they called it. Every thread of the block must call it. `done` counts the blocks that have called;
// it must be 0 before the launch, and is 0 after it.
static __device__ inline bool last_block(unsigned *done) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        const unsigned blocks = gridDim.x * gridDim.y;
        last = atomicAdd(done, 1u) == blocks - 1;
        if (last) *done = 0;
    }
    __syncthreads();
    if (last) __threadfence();
    return last;
}
