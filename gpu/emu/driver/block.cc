#include "block.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>
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

enum class State { fresh, ready, at_barrier, in_warp, at_grid, done };

struct Thread {
    State state = State::fresh;
    Fiber *fiber = nullptr;
    Place place{};
    uint3 index{};
    bool waited = false;  // for the grid in front
};

// Progress is how far a block is.
struct Progress {
    const Grid *grid;
    bool early;   // the grid in front has not ended
    bool pauses;  // as soon as a thread releases the next grid
    bool released = false;
    std::vector<Thread> threads = {};
    std::deque<int> ready = {};  // threads that can go on
    int now = 0, started = 0, waiting = 0, finished = 0;
    Place barrier_place{};
};

// The block that is running; there is only ever one.
Progress block;

std::vector<std::unique_ptr<Fiber>> fibers;
std::vector<Fiber *> idle;  // those that hold no thread
CUresult failure;

int block_size() { return block.threads.size(); }

// starts_next says whether the next to run is a thread that has not started.
bool starts_next() { return block.started < block_size() && starts_first(!block.ready.empty()); }

// take_ready is the fiber of the next thread that can go on.
Fiber *take_ready() { return block.threads[take_next(block.ready)].fiber; }

void finish(int t) {
    require(block.threads[t].waited || !block.grid->dependent, CUDA_ERROR_LAUNCH_FAILED,
            "thread %d has ended without griddepcontrol.wait, on which its launch relies", t);
    block.threads[t].state = State::done;
    block.finished++;
    leave_warp(t);
}

// run_threads is a fiber's life: it starts threads, each where the one before has ended, while it is their turn.
void run_threads() {
    for (;;) {
        try {
            while (starts_next()) {
                const int t = block.now = order_of_block()[block.started++];
                block.threads[t].fiber = Fiber::running;
                threadIdx = block.threads[t].index;
                block.grid->kernel->thread();
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
    const std::vector<Thread> &all = block.threads;
    const auto first = std::find_if(all.begin(), all.end(), [](const Thread &t) { return t.state != State::done; });
    const char *what = first->state == State::at_barrier ? "__syncthreads" : "its warp";
    violation(CUDA_ERROR_LAUNCH_FAILED,
              "block %u,%u,%u: thread %d waits for %s at %s:%d for ever: of %d threads %d have ended and %d are at the "
              "barrier",
              blockIdx.x, blockIdx.y, blockIdx.z, static_cast<int>(first - all.begin()), what, first->place.file,
              first->place.line, block_size(), block.finished, block.waiting);
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

// next is the fiber to run: an idle one for the threads to start, or else that of a thread that can go on. It is null
// where all that have not ended wait for the grid in front.
Fiber *next() {
    if (block.started < block_size() && (block.ready.empty() || starts_next())) return take_idle();
    if (!block.ready.empty()) return take_ready();
    const bool held_up = block.early && std::any_of(block.threads.begin(), block.threads.end(),
                                                    [](const Thread &t) { return t.state == State::at_grid; });
    if (!held_up) stuck();
    return nullptr;
}

// begin_block makes ready the i-th block to run of a grid.
void begin_block(const Grid &grid, uint64_t i, bool early, bool pauses) {
    block = {&grid, early, pauses};
    gridDim = grid.blocks;
    blockDim = grid.threads;
    const uint64_t blocks = static_cast<uint64_t>(gridDim.x) * gridDim.y * gridDim.z;
    const uint64_t number = block_at(i, blocks);
    blockIdx.x = number % gridDim.x;
    blockIdx.y = number / gridDim.x % gridDim.y;
    blockIdx.z = number / gridDim.x / gridDim.y;
    for (uint3 at{0, 0, 0}; at.z < blockDim.z; at.z++)
        for (at.y = 0; at.y < blockDim.y; at.y++)
            for (at.x = 0; at.x < blockDim.x; at.x++) {
                Thread t;
                t.index = at;
                block.threads.push_back(t);
            }
    fit_shared(grid.shared);
    count("block", grid.name);
    scribble_shared();
    reset_warps(block_size());
    reset_copies(block_size());
    begin_order(number, block_size());
}

// go_on runs the block. It returns false where the block has not ended but waits for the grid in front or, if it
// pauses, has released the next one.
bool go_on() {
    while (block.finished < block_size()) {
        Fiber *const fiber = next();
        if (!fiber) return false;
        fiber->resume();
        if (failure) throw Refusal{failure};
        if (block.pauses && block.released) {
            block.pauses = false;
            return false;
        }
    }
    return true;
}

// Held is a block that is put aside while another runs.
class Held {
  public:
    Held()
        : progress(std::move(block)), index(blockIdx), size(blockDim), blocks(gridDim), warps(hold_warps()),
          shared(hold_shared()), order(hold_order()) {}

    void bring_back() {
        block = std::move(progress);
        blockIdx = index;
        blockDim = size;
        gridDim = blocks;
        fit_shared(block.grid->shared);
        warps();
        shared();
        order();
    }

  private:
    Progress progress;
    const uint3 index;
    const dim3 size, blocks;
    const std::function<void()> warps, shared, order;
};

// begin_early runs the first block of a grid up to its wait for the grid in front, whose first block is put aside
// meanwhile.
std::unique_ptr<Held> begin_early(const Grid &grid, bool pauses) {
    Held front;
    std::unique_ptr<Held> held;
    {
        const Doing doing(grid.name);
        begin_block(grid, 0, true, pauses);
        go_on();
        land_copies();
        held = std::make_unique<Held>();
    }
    front.bring_back();
    return held;
}

// end_wait lets the threads of a block go on that waited for the grid in front.
void end_wait() {
    block.early = false;
    wake_each(order_of_block(), [](int t) {
        if (block.threads[t].state == State::at_grid) wake(t);
    });
}

// forget_threads makes all fibers idle after a failure.
void forget_threads() {
    failure = CUDA_SUCCESS;
    block = {};
    idle.clear();
    for (const auto &f : fibers) {
        f->restart();
        idle.push_back(f.get());
    }
}

}  // namespace

int current_thread() { return block.now; }

void wait_for_others(Wait what, Place place) {
    const int self = block.now;
    Thread &t = block.threads[self];
    t.state = what == Wait::barrier ? State::at_barrier : what == Wait::warp ? State::in_warp : State::at_grid;
    t.place = place;
    if (what == Wait::grid || block.ready.empty() || starts_next()) Fiber::yield();
    else Fiber::pass(*take_ready());
    block.now = self;
    threadIdx = block.threads[self].index;
}

void wake(int t) {
    block.threads[t].state = State::ready;
    block.ready.push_back(t);
}

void barrier(Place place) {
    if (block.waiting++ == 0) block.barrier_place = place;
    require(place.line == block.barrier_place.line, CUDA_ERROR_LAUNCH_FAILED,
            "thread %d is at __syncthreads of %s:%d while others are at that of line %d", block.now, place.file,
            place.line, block.barrier_place.line);
    if (block.waiting < block_size()) {
        wait_for_others(Wait::barrier, place);
        return;
    }
    block.waiting = 0;
    wake_each(order_of_block(), [](int t) {
        if (t != block.now) wake(t);
    });
}

void wait_for_grid(Place place) {
    block.threads[block.now].waited = true;
    if (block.early) wait_for_others(Wait::grid, place);
}

void release_next(Place place) {
    const int self = block.now;
    require(block.threads[self].waited || !block.grid->dependent, CUDA_ERROR_LAUNCH_FAILED,
            "thread %d executes griddepcontrol.launch_dependents at %s:%d before griddepcontrol.wait", self, place.file,
            place.line);
    block.released = true;
    if (!block.pauses) return;
    wake(self);
    Fiber::yield();
    block.now = self;
    threadIdx = block.threads[self].index;
}

void run_grids(const std::vector<Grid> &grids) {
    try {
        std::unique_ptr<Held> begun;  // the first block of the grid, where that has begun
        for (size_t g = 0; g < grids.size(); g++) {
            const Grid &grid = grids[g];
            const Doing doing(grid.name);
            const bool last_grid = g + 1 == grids.size();
            const uint64_t blocks = static_cast<uint64_t>(grid.blocks.x) * grid.blocks.y * grid.blocks.z;
            const auto early = std::exchange(begun, nullptr);
            for (uint64_t i = 0; i < blocks; i++) {
                if (i == 0 && early) {
                    early->bring_back();
                    end_wait();
                } else {
                    begin_block(grid, i, false, !last_grid && i == 0);
                }
                if (go_on()) continue;
                begun = begin_early(grids[g + 1], g + 2 < grids.size());
                go_on();
            }
        }
    } catch (const Refusal &) {
        forget_threads();
        throw;
    }
}

}  // namespace emu
