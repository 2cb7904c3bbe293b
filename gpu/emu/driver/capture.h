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

// Nodes are in the order of recording, which is one that their dependencies allow.
using Nodes = std::vector<Op>;

struct Capture {
    CUstreamCaptureMode mode;
    std::thread::id thread;
    CUstream origin;
    std::set<CUstream> members;                // all streams that record into it
    std::set<CUstream> open;                   // those beside the origin with work that nothing waits for yet
    std::map<CUstream, size_t> recorded = {};  // nodes up to each stream's last one
    std::shared_ptr<Nodes> nodes = std::make_shared<Nodes>();
    bool invalidated = false, ended = false;
};

// record makes the work a node of the stream's capture.
void record(CUstream stream, Op op);

// join makes a stream's later nodes follow those that another had when it had recorded so many. A stream that was not
// captured becomes so.
void join(CUstream stream, const std::shared_ptr<Capture> &capture, CUstream other, size_t recorded);

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
