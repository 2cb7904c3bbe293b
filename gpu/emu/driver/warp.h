// What the lanes of a warp do together.
#pragma once

#include <cstdint>
#include <functional>

#include "block.h"

namespace emu {

// exchange is one step of the lanes of a warp that mask names: each gives a value and gets that of lane from, when all
// of them that still run have come. Mask must name the calling lane.
uint64_t exchange(Place place, uint32_t mask, uint64_t value, int from);

// Together is a step that is done once for a whole warp, with what each lane has brought, by lane.
using Together = void (*)(void *const (&lanes)[kWarp]);

// together does a step when all 32 lanes have come to it: what is `mma` or `ldmatrix`, which may not be divided.
void together(Place place, const char *what, Together step, void *brought);

// current_lane is the calling thread's lane.
int current_lane();

// hold_warps puts what the warps are at aside; what it returns brings that back.
std::function<void()> hold_warps();

// reset_warps begins a block of so many threads; leave_warp is the end of one of them.
void reset_warps(int threads);
void leave_warp(int thread);

}  // namespace emu
