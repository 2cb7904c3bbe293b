#include "warp.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "order.h"
#include "report.h"

namespace emu {
namespace {

constexpr uint32_t kAll = 0xffffffff;

// Meeting is where the lanes of one mask exchange values, or do a step together. It is free while none has arrived.
struct Meeting {
    uint32_t mask, arrived;
    uint64_t values[kWarp];
    int from[kWarp];
    Place place;
    const char *what;
    Together step;  // null for an exchange
    void *brought[kWarp];
};

// Warp is the lanes that still run, their meetings and what each got in its last exchange.
struct Warp {
    uint32_t present = 0;
    std::vector<Meeting> meetings;
    uint64_t received[kWarp];
};

std::vector<Warp> warps;

// hand_out gives each lane the value that it asked for.
void hand_out(const Meeting &m, int warp) {
    for (int lane = 0; lane < kWarp; lane++) {
        if (!(m.arrived >> lane & 1)) continue;
        const int from = m.from[lane];
        require(m.arrived >> from & 1, CUDA_ERROR_LAUNCH_FAILED, "thread %d asks lane %d for a value, which gives none",
                warp * kWarp + lane, from);
        warps[warp].received[lane] = m.values[from];
    }
}

// conclude ends a meeting if all lanes have come that can, and wakes those that wait. The last to come is running.
bool conclude(Meeting &m, int warp) {
    if (!m.arrived || (m.mask & warps[warp].present) != m.arrived) return false;
    if (m.step) {
        require(m.arrived == kAll, CUDA_ERROR_LAUNCH_FAILED,
                "warp %d comes to %s at %s:%d with lanes %#x, want all 32", warp, m.what, m.place.file, m.place.line,
                m.arrived);
        m.step(m.brought);
    } else {
        hand_out(m, warp);
    }
    const uint32_t arrived = m.arrived;
    m.arrived = 0;
    wake_each(order_of_warp(warp), [=](int t) {
        if (arrived >> t % kWarp & 1 && t != current_thread()) wake(t);
    });
    return true;
}

// meeting_of is the one that lanes of the mask wait in, or a free one for it.
Meeting &meeting_of(int warp, uint32_t mask) {
    Meeting *free = nullptr;
    for (Meeting &m : warps[warp].meetings) {
        if (m.arrived && (m.mask & mask)) return m;
        if (!m.arrived) free = &m;
    }
    if (!free) free = &warps[warp].meetings.emplace_back();
    free->mask = mask;
    free->arrived = 0;
    return *free;
}

// arrive is the meeting that the running thread has come to, opened by it if it is the first.
Meeting &arrive(Place place, const char *what, Together step, uint32_t mask) {
    const int self = current_thread();
    Meeting &m = meeting_of(self / kWarp, mask);
    if (!m.arrived) {
        m.place = place;
        m.what = what;
        m.step = step;
    }
    require(m.mask == mask, CUDA_ERROR_LAUNCH_FAILED, "thread %d comes with mask %#x to %s:%d, others with %#x", self,
            mask, place.file, place.line, m.mask);
    require(m.step == step, CUDA_ERROR_LAUNCH_FAILED, "thread %d is at %s of %s:%d while others are at %s of %s:%d",
            self, what, place.file, place.line, m.what, m.place.file, m.place.line);
    m.arrived |= 1u << self % kWarp;
    return m;
}

}  // namespace

uint64_t exchange(Place place, uint32_t mask, uint64_t value, int from) {
    const int self = current_thread(), lane = self % kWarp, warp = self / kWarp;
    require(mask >> lane & 1, CUDA_ERROR_LAUNCH_FAILED, "thread %d is not in its own mask %#x at %s:%d", self, mask,
            place.file, place.line);
    Meeting &m = arrive(place, "an exchange", nullptr, mask);
    m.values[lane] = value;
    m.from[lane] = from;
    if (!conclude(m, warp)) wait_for_others(Wait::warp, place);
    return warps[warp].received[lane];
}

void together(Place place, const char *what, Together step, void *brought) {
    const int self = current_thread();
    Meeting &m = arrive(place, what, step, kAll);
    require(m.place.line == place.line, CUDA_ERROR_LAUNCH_FAILED,
            "thread %d is at %s of %s:%d while others are at that of line %d", self, what, place.file, place.line,
            m.place.line);
    m.brought[self % kWarp] = brought;
    if (!conclude(m, self / kWarp)) wait_for_others(Wait::warp, place);
}

int current_lane() { return current_thread() % kWarp; }

void reset_warps(int threads) {
    warps.resize((threads + kWarp - 1) / kWarp);
    for (Warp &w : warps) {
        w.present = 0;
        w.meetings.clear();
    }
    for (int t = 0; t < threads; t++) warps[t / kWarp].present |= 1u << t % kWarp;
}

std::function<void()> hold_warps() {
    const auto held = std::make_shared<std::vector<Warp>>(std::move(warps));
    return [held] { warps = std::move(*held); };
}

void leave_warp(int thread) {
    Warp &warp = warps[thread / kWarp];
    warp.present &= ~(1u << thread % kWarp);
    for (Meeting &m : warp.meetings) conclude(m, thread / kWarp);
}

}  // namespace emu
