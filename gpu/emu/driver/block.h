// A grid's blocks one after another, and each block's threads as fibers that take turns.
#pragma once

#include <vector_types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "kernels.h"

// Kernels read these as they are: hidden, they need no table.
extern uint3 threadIdx __attribute__((visibility("hidden"))), blockIdx __attribute__((visibility("hidden")));
extern dim3 blockDim __attribute__((visibility("hidden"))), gridDim __attribute__((visibility("hidden")));

namespace emu {

constexpr int kWarp = 32;

// Grid is a launch of a kernel. A dependent one may begin before the grid in front of it has ended.
struct Grid {
    std::string name;
    std::shared_ptr<Bound> kernel;
    dim3 blocks, threads;
    size_t shared;
    bool dependent;
};

// run_grids runs kernels one after another; all but the first are dependent. Threads run in the order that
// RESNET_EMU_THREADS asks for (order.h), each until it has to wait for others. A wait that can never end is a violation
// that names the place.
//
// As soon as the first block of a grid releases the next one, the first block of that runs up to its wait for the grid
// in front, and only then does the grid in front go on: what a kernel reads too early is old, and what it writes too
// early is seen. Arrays of shared memory in templates are not kept apart meanwhile.
void run_grids(const std::vector<Grid> &grids);

// Place is where in the source a thread waits.
struct Place {
    const char *file;
    int line;
};

// here is where a function that has it as a default argument is called.
constexpr Place here(const char *file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }

// barrier is __syncthreads: it returns when all threads of the block have come to the same place.
void barrier(Place place);

// wait_for_grid is griddepcontrol.wait: it returns when the grid in front has ended. Every thread of a dependent grid
// must come to it. release_next is griddepcontrol.launch_dependents. A dependent grid must have waited before it: then
// no more than two grids run at a time.
void wait_for_grid(Place place = here());
void release_next(Place place = here());

// Wait is what a thread waits for.
enum class Wait { barrier, warp, grid };

// What a wait is made of: the number of the thread that is running; wait_for_others, which leaves it where it is until
// another thread wakes it.
int current_thread();
void wait_for_others(Wait what, Place place);
void wake(int thread);

}  // namespace emu
