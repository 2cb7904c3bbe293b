// Streams: work is queued and done only when something waits for it.
//
// A missing wait so shows as work that was not done, and memory that the host reuses too early as data that is too new.
// Waiting for a stream does that stream's work in order, and of other streams only what an event in the way demands.
#pragma once

#include <cuda.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace emu {

struct Queue;
struct Grid;
struct Capture;

// Ticket is a place in a queue: everything up to it.
struct Ticket {
    std::shared_ptr<Queue> queue;
    uint64_t position = 0;
};

// Use is device memory that a piece of work reads or writes. It is checked when the work is given, and again each time
// that a graph replays it.
struct Use {
    CUdeviceptr at;
    size_t bytes;
    std::string what;
    bool pinned = false;  // host memory, not the device's
};

// Op is a piece of work.
struct Op {
    const char *kind;  // "kernel", "copy", "cudnn", ...: for counting
    std::string name;
    std::function<void()> run;
    std::vector<Use> uses = {};
    size_t bytes = 0;                // moved, for counting
    CUmodule module = nullptr;       // whose kernel it is
    std::vector<Ticket> after = {};  // what must be done first, besides the work before it in its stream
    std::shared_ptr<const Grid> grid = nullptr;  // of a kernel: what run runs
};

struct Queue {
    CUcontext context;
    std::deque<Op> ops;
    uint64_t issued = 0, done = 0;
};

}  // namespace emu

struct CUstream_st {
    CUcontext context;
    int priority;
    bool legacy = false, blocking = false;  // blocking ones and the legacy stream wait for each other
    std::shared_ptr<emu::Queue> queue;
    std::shared_ptr<emu::Capture> capture;  // set while the stream is captured

    ~CUstream_st();
};

namespace emu {

std::unique_ptr<CUstream_st> make_legacy_stream(CUcontext context);

// stream_of is the stream of a handle, where null and CU_STREAM_LEGACY are the context's default stream.
CUstream stream_of(CUstream handle);

// give checks what the work uses and puts it on a stream, or into the graph while the stream is captured.
void give(CUstream stream, Op op);

// tail is all that the stream has so far.
Ticket tail(CUstream stream);

// wait_for does all work up to a place, and wait_for_all a context's.
void wait_for(const Ticket &ticket);
void wait_for_all(CUcontext context);

// kGreatestPriority is that of the streams that come first; 0 is the least.
constexpr int kGreatestPriority = -5;

// do_now does one piece of work and counts it.
void do_now(const Op &op);

// do_together does kernels of which all but the first are dependent launches.
void do_together(const Op *first, size_t n);

// check_uses is a violation unless all memory that the work uses is live.
void check_uses(const Op &op);

// require_apart is a violation if two uses overlap.
void require_apart(const Use &a, const Use &b);

// throw_if_failed ends the call with the context's sticky error, if it has one.
void throw_if_failed(CUcontext context);

}  // namespace emu
