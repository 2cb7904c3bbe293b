#include "block.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "fiber.h"
#include "order.h"
#include "report.h"
#include "shared.h"
#include "warp.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emu {
namespace {

enum class State { fresh, ready, at_barrier, in_warp, done };

struct Thread {
    State state = State::fresh;
    Fiber *fiber = nullptr;
    Place place{};
    uint3 index{};
};

// The block that is running; there is only ever one.
Bound *kernel;
std::vector<Thread> threads;
std::deque<int> ready;  // threads that can go on
int now, started, waiting, finished;
Place barrier_place;

std::vector<std::unique_ptr<Fiber>> fibers;
std::vector<Fiber *> idle;  // those that hold no thread
CUresult failure;

int block_size() { return threads.size(); }

// starts_next says whether the next to run is a thread that has not started.
bool starts_next() { return started < block_size() && starts_first(!ready.empty()); }

// take_ready is the fiber of the next thread that can go on.
Fiber *take_ready() { return threads[take_next(ready)].fiber; }

void finish(int t) {
    threads[t].state = State::done;
    finished++;
    leave_warp(t);
}

// run_threads is a fiber's life: it starts threads, each where the one before has ended, while it is their turn.
void run_threads() {
    for (;;) {
        try {
            while (starts_next()) {
                const int t = now = order_of_block()[started++];
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
              first->place.line, block_size(), finished, waiting);
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

// next is the fiber to run: an idle one for the threads to start, or else that of a thread that can go on.
Fiber *next() {
    if (started < block_size() && (ready.empty() || starts_next())) return take_idle();
    if (ready.empty()) stuck();
    return take_ready();
}

// run_block runs the block of that number, where x counts first.
void run_block(uint64_t number) {
    blockIdx.x = number % gridDim.x;
    blockIdx.y = number / gridDim.x % gridDim.y;
    blockIdx.z = number / gridDim.x / gridDim.y;
    count("block", doing_now());
    scribble_shared();
    for (Thread &t : threads) t.state = State::fresh;
    reset_warps(block_size());
    reset_copies(block_size());
    begin_order(number, block_size());
    ready.clear();
    started = waiting = finished = 0;
    while (finished < block_size()) {
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

int current_thread() { return now; }

void wait_for_others(Wait what, Place place) {
    const int self = now;
    threads[self].state = what == Wait::barrier ? State::at_barrier : State::in_warp;
    threads[self].place = place;
    if (ready.empty() || starts_next()) Fiber::yield();
    else Fiber::pass(*take_ready());
    now = self;
    threadIdx = threads[self].index;
}

void wake(int t) {
    threads[t].state = State::ready;
    ready.push_back(t);
}

void barrier(Place place) {
    if (waiting++ == 0) barrier_place = place;
    require(place.line == barrier_place.line, CUDA_ERROR_LAUNCH_FAILED,
            "thread %d is at __syncthreads of %s:%d while others are at that of line %d", now, place.file, place.line,
            barrier_place.line);
    if (waiting < block_size()) {
        wait_for_others(Wait::barrier, place);
        return;
    }
    waiting = 0;
    wake_each(order_of_block(), [](int t) {
        if (t != now) wake(t);
    });
}

void run_grid(Bound &bound, dim3 grid, dim3 block, size_t shared) {
    kernel = &bound;
    gridDim = grid;
    shape_block(block);
    fit_shared(shared);
    try {
        const uint64_t blocks = static_cast<uint64_t>(grid.x) * grid.y * grid.z;
        for (uint64_t i = 0; i < blocks; i++) run_block(block_at(i, blocks));
    } catch (const Refusal &) {
        forget_threads();
        throw;
    }
}

}  // namespace emu
