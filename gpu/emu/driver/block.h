// A grid's blocks one after another, and each block's threads as fibers that take turns.
#pragma once

#include <vector_types.h>

#include <cstddef>
#include <cstdint>

#include "kernels.h"

// Kernels read these as they are: hidden, they need no table.
extern uint3 threadIdx __attribute__((visibility("hidden"))), blockIdx __attribute__((visibility("hidden")));
extern dim3 blockDim __attribute__((visibility("hidden"))), gridDim __attribute__((visibility("hidden")));

namespace emu {

// run_grid runs a kernel. Threads run in order, each until it has to wait for others. A wait that can never end is a
// violation that names the place.
void run_grid(Bound &kernel, dim3 grid, dim3 block, size_t shared);

// Place is where in the source a thread waits.
struct Place {
    const char *file;
    int line;
};

// barrier is __syncthreads: it returns when all threads of the block have come to the same place.
void barrier(Place place);

// exchange is one step of the lanes of a warp that mask names: each gives a value and gets that of lane from, when all
// of them that still run have come. Mask must name the calling lane.
uint64_t exchange(Place place, uint32_t mask, uint64_t value, int from);

// current_lane is the calling thread's lane.
int current_lane();

// dynamic_shared is the block's dynamic shared memory.
void *dynamic_shared();

}  // namespace emu
