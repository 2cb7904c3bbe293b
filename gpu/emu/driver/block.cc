#include "block.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "fiber.h"
#include "memory.h"
#include "report.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

// The linker sets these around the static __shared__ arrays of kernels that are no templates (host/cuda_host.h).
extern char shared_begin[] asm("__start_emu_shared") __attribute__((weak, visibility("hidden")));
extern char shared_end[] asm("__stop_emu_shared") __attribute__((weak, visibility("hidden")));

namespace emu {
namespace {

constexpr int kWarp = 32;

enum class State { fresh, ready, at_barrier, at_exchange, done };

struct Thread {
    State state = State::fresh;
    Fiber *fiber = nullptr;
    Place place{};
    uint3 index{};
    uint64_t received = 0;
};

// Meeting is where the lanes of one mask exchange values. It is free while none has arrived.
struct Meeting {
    uint32_t mask, arrived;
    uint64_t values[kWarp];
    int from[kWarp];
};

// The block that is running; there is only ever one.
Bound *kernel;
std::vector<Thread> threads;
// Warp is the lanes that still run and their meetings.
struct Warp {
    uint32_t present = 0;
    std::vector<Meeting> meetings;
};

std::vector<Warp> warps;
std::deque<int> ready;  // threads that can go on
int now, next_fresh, waiting, finished;
Place barrier_place;
std::vector<char> dynamic;

std::vector<std::unique_ptr<Fiber>> fibers;
std::vector<Fiber *> idle;  // those that hold no thread
CUresult failure;

int count() { return threads.size(); }

// take_ready is the fiber of the first thread that can go on.
Fiber *take_ready() {
    const int t = ready.front();
    ready.pop_front();
    return threads[t].fiber;
}

// wait leaves the running thread where it is until it is woken.
void wait(State state, Place place) {
    const int self = now;
    threads[self].state = state;
    threads[self].place = place;
    if (next_fresh < count() || ready.empty()) Fiber::yield();
    else Fiber::pass(*take_ready());
    now = self;
    threadIdx = threads[self].index;
}

void wake(int t) {
    threads[t].state = State::ready;
    ready.push_back(t);
}

// conclude hands out the values if all lanes have come that can.
bool conclude(Meeting &m, int warp) {
    if (!m.arrived || (m.mask & warps[warp].present) != m.arrived) return false;
    for (int lane = 0; lane < kWarp; lane++) {
        if (!(m.arrived >> lane & 1)) continue;
        const int t = warp * kWarp + lane, from = m.from[lane];
        require(m.arrived >> from & 1, CUDA_ERROR_LAUNCH_FAILED, "thread %d asks lane %d for a value, which gives none",
                t, from);
        threads[t].received = m.values[from];
        if (threads[t].state == State::at_exchange) wake(t);
    }
    m.arrived = 0;
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

void finish(int t) {
    threads[t].state = State::done;
    finished++;
    Warp &warp = warps[t / kWarp];
    warp.present &= ~(1u << t % kWarp);
    for (Meeting &m : warp.meetings) conclude(m, t / kWarp);
}

// run_threads is a fiber's life: it starts threads, each where the one before has ended, while there are any to start.
void run_threads() {
    for (;;) {
        try {
            while (next_fresh < count()) {
                const int t = now = next_fresh++;
                threads[t].fiber = Fiber::running;
                threadIdx = threads[t].index;
                kernel->thread();
                finish(t);
            }
        } catch (const Refusal &r) {
            failure = r.status;
        }
        idle.push_back(Fiber::running);
        Fiber::yield();
    }
}

// stuck reports threads that wait for what cannot come.
[[noreturn]] void stuck() {
    const auto first =
        std::find_if(threads.begin(), threads.end(), [](const Thread &t) { return t.state != State::done; });
    const char *what = first->state == State::at_barrier ? "__syncthreads" : "its warp";
    violation(CUDA_ERROR_LAUNCH_FAILED,
              "block %u,%u,%u: thread %d waits for %s at %s:%d for ever: of %d threads %d have ended and %d are at the "
              "barrier",
              blockIdx.x, blockIdx.y, blockIdx.z, static_cast<int>(first - threads.begin()), what, first->place.file,
              first->place.line, count(), finished, waiting);
}

Fiber *take_idle() {
    if (idle.empty()) {
        fibers.push_back(std::make_unique<Fiber>(run_threads));
        return fibers.back().get();
    }
    Fiber *f = idle.back();
    idle.pop_back();
    return f;
}

// next is the fiber to run: one for the threads to start, or else that of a thread that can go on.
Fiber *next() {
    if (next_fresh < count()) return take_idle();
    if (ready.empty()) stuck();
    return take_ready();
}

void run_block() {
    scribble(shared_begin, shared_end - shared_begin);
    scribble(dynamic.data(), dynamic.size());
    for (Thread &t : threads) t.state = State::fresh;
    for (Warp &w : warps) {
        w.present = 0;
        w.meetings.clear();
    }
    for (int t = 0; t < count(); t++) warps[t / kWarp].present |= 1u << t % kWarp;
    ready.clear();
    next_fresh = waiting = finished = 0;
    while (finished < count()) {
        next()->resume();
        if (failure) throw Refusal{failure};
    }
}

// shape_block makes the threads of a block of that shape.
void shape_block(dim3 block) {
    blockDim = block;
    threads.clear();
    for (uint3 i{0, 0, 0}; i.z < block.z; i.z++)
        for (i.y = 0; i.y < block.y; i.y++)
            for (i.x = 0; i.x < block.x; i.x++) {
                Thread t;
                t.index = i;
                threads.push_back(t);
            }
    warps.resize((threads.size() + kWarp - 1) / kWarp);
}

// forget_threads makes all fibers idle after a failure.
void forget_threads() {
    failure = CUDA_SUCCESS;
    idle.clear();
    for (const auto &f : fibers) {
        f->restart();
        idle.push_back(f.get());
    }
}

}  // namespace

void barrier(Place place) {
    if (waiting++ == 0) barrier_place = place;
    require(place.line == barrier_place.line, CUDA_ERROR_LAUNCH_FAILED,
            "thread %d is at __syncthreads of %s:%d while others are at that of line %d", now, place.file, place.line,
            barrier_place.line);
    if (waiting < count()) {
        wait(State::at_barrier, place);
        return;
    }
    waiting = 0;
    for (int t = 0; t < count(); t++)
        if (t != now) wake(t);
}

uint64_t exchange(Place place, uint32_t mask, uint64_t value, int from) {
    const int self = now, lane = self % kWarp, warp = self / kWarp;
    require(mask >> lane & 1, CUDA_ERROR_LAUNCH_FAILED, "thread %d is not in its own mask %#x at %s:%d", self, mask,
            place.file, place.line);
    Meeting &m = meeting_of(warp, mask);
    require(m.mask == mask, CUDA_ERROR_LAUNCH_FAILED, "thread %d comes with mask %#x to %s:%d, others with %#x", self,
            mask, place.file, place.line, m.mask);
    m.values[lane] = value;
    m.from[lane] = from;
    m.arrived |= 1u << lane;
    if (!conclude(m, warp)) wait(State::at_exchange, place);
    return threads[self].received;
}

int current_lane() { return now % kWarp; }

void *dynamic_shared() { return dynamic.data(); }

void run_grid(Bound &bound, dim3 grid, dim3 block, size_t shared) {
    kernel = &bound;
    gridDim = grid;
    shape_block(block);
    dynamic.resize(shared);
    try {
        for (blockIdx.z = 0; blockIdx.z < grid.z; blockIdx.z++)
            for (blockIdx.y = 0; blockIdx.y < grid.y; blockIdx.y++)
                for (blockIdx.x = 0; blockIdx.x < grid.x; blockIdx.x++) run_block();
    } catch (const Refusal &) {
        forget_threads();
        throw;
    }
}

}  // namespace emu
