// The end of a grid whose blocks leave partial results behind.
#pragma once

#include "common.cuh"

// last_block is true in one block: that which comes here when all others of the grid have been here. What they wrote to
// memory before is then visible to it. Every thread of the block must call it. `done` counts the blocks; it is 0 before
// the launch and after it.
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
