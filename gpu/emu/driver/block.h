// A grid's blocks one after another, and each block's threads as fibers that take turns.
#pragma once

#include <vector_types.h>

#include <cstddef>

#include "kernels.h"

// Kernels read these as they are: hidden, they need no table.
extern uint3 threadIdx __attribute__((visibility("hidden"))), blockIdx __attribute__((visibility("hidden")));
extern dim3 blockDim __attribute__((visibility("hidden"))), gridDim __attribute__((visibility("hidden")));

namespace emu {

constexpr int kWarp = 32;

// run_grid runs a kernel. Threads run in the order that RESNET_EMU_THREADS asks for (order.h), each until it has to
// wait for others. A wait that can never end is a violation that names the place.
void run_grid(Bound &kernel, dim3 grid, dim3 block, size_t shared);

// Place is where in the source a thread waits.
struct Place {
    const char *file;
    int line;
};

// here is where a function that has it as a default argument is called.
constexpr Place here(const char *file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }

// barrier is __syncthreads: it returns when all threads of the block have come to the same place.
void barrier(Place place);

// Wait is what a thread waits for.
enum class Wait { barrier, warp };

// What a wait is made of: the number of the thread that is running; wait_for_others, which leaves it where it is until
// another thread wakes it.
int current_thread();
void wait_for_others(Wait what, Place place);
void wake(int thread);

}  // namespace emu
