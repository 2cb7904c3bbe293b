// The order of a grid's blocks, and that in which a block's threads start and go on: RESNET_EMU_THREADS.
//
//   forward    from the first to the last; threads go on in the order in which they became able to, so that warps keep
//              step
//   reverse    from the last to the first; a warp runs ahead as far as it can before another starts
//   shuffle    blocks, warps and lanes in a random order; mostly the last thread to become able to goes on, at times
//              a random one; the same in each run
//
// What a kernel computes must not depend on it: where it does, a barrier is missing, or a block counts on another.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace emu {

enum class Threads { forward, reverse, shuffle };

// block_at is the number of the i-th block to run, of so many.
uint64_t block_at(uint64_t i, uint64_t blocks);

// begin_order draws the order for the block of that number, with so many threads.
void begin_order(uint64_t block, int threads);

// order_of_block is all threads, warp by warp, and order_of_warp those of one, as they are to start or go on.
const std::vector<int> &order_of_block();
const std::vector<int> &order_of_warp(int warp);

// last_goes_on_first says whether take_next prefers who became able last: then the first must be woken last.
bool last_goes_on_first();

// wake_each calls wake for threads so that the first of the order is the first to go on.
template <typename Wake> void wake_each(const std::vector<int> &order, Wake wake) {
    if (last_goes_on_first()) std::for_each(order.rbegin(), order.rend(), wake);
    else std::for_each(order.begin(), order.end(), wake);
}

// hold_order puts the order of the block aside; what it returns brings that back.
std::function<void()> hold_order();

// starts_first says whether a thread that has not started comes before those that can go on.
bool starts_first(bool any_ready);

// take_next removes the thread that is to go on from those that can.
int take_next(std::deque<int> &ready);

}  // namespace emu
