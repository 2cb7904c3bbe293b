#include "order.h"

#include <algorithm>
#include <numeric>

#include "block.h"
#include "config.h"

namespace emu {
namespace {

std::vector<int> all;                // threads as they start
std::vector<std::vector<int>> each;  // those of each warp
uint32_t state;                      // of the generator

// draw is a number below n (Marsaglia, Xorshift RNGs, 2003; the remainder's bias does not matter here).
uint32_t draw(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
}

void shuffle(std::vector<int> &v) {
    for (size_t i = v.size(); i > 1; i--) std::swap(v[i - 1], v[draw(i)]);
}

// in_order numbers from first on, and changes their order as it is asked for.
std::vector<int> in_order(int first, int n) {
    std::vector<int> v(n);
    std::iota(v.begin(), v.end(), first);
    if (config().threads == Threads::reverse) std::reverse(v.begin(), v.end());
    if (config().threads == Threads::shuffle) shuffle(v);
    return v;
}

}  // namespace

uint64_t block_at(uint64_t i, uint64_t blocks) {
    switch (config().threads) {
    case Threads::forward: return i;
    case Threads::reverse: return blocks - 1 - i;
    default: break;
    }
    // Steps of a length that has no factor in common with their number come to each once.
    uint64_t step = blocks * 5 / 8 + 1;
    while (std::gcd(step, blocks) != 1) step++;
    return (i * step + blocks / 3) % blocks;
}

void begin_order(uint64_t block, int threads) {
    const bool same = static_cast<int>(all.size()) == threads && config().threads != Threads::shuffle;
    if (same) return;
    state = static_cast<uint32_t>(0x9e3779b9 * (block + 1)) | 1;
    const int warps = (threads + kWarp - 1) / kWarp;
    each.clear();
    for (int w = 0; w < warps; w++) each.push_back(in_order(w * kWarp, std::min(kWarp, threads - w * kWarp)));
    all.clear();
    for (const int w : in_order(0, warps)) all.insert(all.end(), each[w].begin(), each[w].end());
}

const std::vector<int> &order_of_block() { return all; }

const std::vector<int> &order_of_warp(int warp) { return each[warp]; }

std::function<void()> hold_order() {
    return [held_all = all, held_each = each, held_state = state] {
        all = held_all;
        each = held_each;
        state = held_state;
    };
}

bool last_goes_on_first() { return config().threads != Threads::forward; }

bool starts_first(bool any_ready) {
    switch (config().threads) {
    case Threads::forward: return true;
    case Threads::reverse: return !any_ready;
    default: return !any_ready || draw(4) == 0;
    }
}

int take_next(std::deque<int> &ready) {
    if (config().threads == Threads::shuffle && draw(8) == 0) std::swap(ready[draw(ready.size())], ready.back());
    const bool last = last_goes_on_first();
    const int t = last ? ready.back() : ready.front();
    if (last) ready.pop_back();
    else ready.pop_front();
    return t;
}

}  // namespace emu
