// Capture: streams that record work as a graph's nodes instead of queueing it.
#pragma once

#include <cuda.h>

#include <map>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "queue.h"

namespace emu {

// Node is a piece of work of a capture, by the stream that recorded it and the nodes before it that it waits for.
struct Node {
    Op op;
    CUstream stream;
    std::set<size_t> after;
    // dependent says that the node before, the only one that it waits for, may still run when it begins.
    bool dependent;
};

struct Capture {
    CUstreamCaptureMode mode;
    std::thread::id thread;
    CUstream origin;
    std::set<CUstream> members;                       // all streams that record into it
    std::set<CUstream> open;                          // those beside the origin with work that nothing waits for yet
    std::map<CUstream, size_t> recorded = {};         // nodes up to each stream's last one
    std::map<CUstream, std::set<size_t>> tails = {};  // what each stream's next node waits for
    std::vector<Node> nodes = {};                     // in the order of recording
    bool invalidated = false, ended = false;
};

// record makes the work a node of the stream's capture.
void record(CUstream stream, Op op);

// Fork is a place in a stream that is captured: what an event marks there.
struct Fork {
    std::shared_ptr<Capture> capture;
    CUstream stream;
    size_t recorded;         // nodes up to its last one
    std::set<size_t> tails;  // what would have to be waited for
};

// fork_at is where a stream is.
Fork fork_at(CUstream stream);

// join makes a stream's later nodes wait for a place in another. A stream that was not captured becomes so.
void join(CUstream stream, const Fork &fork);

// The forbid functions are violations, and spoil the capture: for what may not happen on a thread that captures, for
// work on the default stream meanwhile, and for a wait for a captured stream.
void forbid_while_capturing();
void forbid_legacy_while_capturing();
void forbid_captured(CUstream stream);

// abandon_captures ends a context's captures.
void abandon_captures(CUcontext context);

// spoil invalidates a capture and reports why.
[[noreturn]] void spoil(Capture &capture, CUresult status, const char *why);

}  // namespace emu
