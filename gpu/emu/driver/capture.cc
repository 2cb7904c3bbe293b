#include "capture.h"

#include "block.h"
#include "call.h"
#include "context.h"
#include "graph.h"

namespace emu {
namespace {

std::set<std::shared_ptr<Capture>> active;

// held is a capture that the calling thread's unsafe calls would spoil, or null.
Capture *held() {
    for (const auto &c : active) {
        const bool mine = c->thread == std::this_thread::get_id();
        if (c->mode == CU_STREAM_CAPTURE_MODE_GLOBAL || (c->mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && mine))
            return c.get();
    }
    return nullptr;
}

void end(const std::shared_ptr<Capture> c) {
    active.erase(c);
    c->ended = true;
    for (const CUstream s : c->members) s->capture = nullptr;
}

}  // namespace

void abandon_captures(CUcontext context) {
    const auto captures = active;
    for (const auto &c : captures)
        if (c->origin->context == context) end(c);
}

void spoil(Capture &capture, CUresult status, const char *why) {
    capture.invalidated = true;
    violation(status, "%s", why);
}

void forbid_while_capturing() {
    if (Capture *c = held())
        spoil(*c, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "not allowed while a stream is being captured");
}

void forbid_legacy_while_capturing() {
    if (Capture *c = held())
        spoil(*c, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "work on the default stream while another is being captured");
}

void forbid_captured(CUstream stream) {
    if (stream->capture) spoil(*stream->capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stream is being captured");
}

void record(CUstream stream, Op op) {
    Capture &c = *stream->capture;
    if (c.invalidated) refuse(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture was spoilt before");
    const std::set<size_t> &after = c.tails[stream];
    const bool dependent = op.grid && op.grid->dependent;
    if (dependent) {
        const bool behind_kernel = after.size() == 1 && c.nodes[*after.begin()].op.grid;
        require(behind_kernel, CUDA_ERROR_INVALID_VALUE,
                "%s: a dependent launch waits for %zu pieces of work, want one kernel in front of it", op.name.c_str(),
                after.size());
    }
    c.nodes.push_back({std::move(op), stream, after, dependent});
    c.recorded[stream] = c.nodes.size();
    c.tails[stream] = {c.nodes.size() - 1};
    if (stream != c.origin) c.open.insert(stream);
}

Fork fork_at(CUstream stream) {
    Capture &c = *stream->capture;
    return {stream->capture, stream, c.recorded[stream], c.tails[stream]};
}

void join(CUstream stream, const Fork &fork) {
    const std::shared_ptr<Capture> &capture = fork.capture;
    if (capture->ended)
        spoil(*capture, CUDA_ERROR_CAPTURED_EVENT, "the event was recorded in a capture that has ended");
    if (stream->capture && stream->capture != capture)
        spoil(*stream->capture, CUDA_ERROR_STREAM_CAPTURE_MERGE, "the event is of another capture");
    stream->capture = capture;
    capture->members.insert(stream);
    capture->tails[stream].insert(fork.tails.begin(), fork.tails.end());
    if (stream == fork.stream) return;
    if (fork.recorded >= capture->recorded[fork.stream]) capture->open.erase(fork.stream);
    if (stream != capture->origin) capture->open.insert(stream);
}

extern "C" {

CUresult cuStreamBeginCapture(CUstream handle, CUstreamCaptureMode mode) {
    return driver(__func__, kContext, [&] {
        const CUstream s = stream_of(handle);
        require(!s->legacy, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the default stream cannot be captured");
        require(!s->capture, CUDA_ERROR_ILLEGAL_STATE, "the stream is being captured already");
        require(mode <= CU_STREAM_CAPTURE_MODE_RELAXED, CUDA_ERROR_INVALID_VALUE, "mode %d", mode);
        s->capture = std::make_shared<Capture>(Capture{mode, std::this_thread::get_id(), s, {s}, {}});
        active.insert(s->capture);
    });
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph *graph) {
    return driver(__func__, kContext, [&] {
        const CUstream s = stream_of(handle);
        require(graph, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        *graph = nullptr;
        require(bool(s->capture), CUDA_ERROR_ILLEGAL_STATE, "the stream is not being captured");
        const std::shared_ptr<Capture> c = s->capture;
        require(s == c->origin, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "the capture was begun on another stream");
        require(c->mode == CU_STREAM_CAPTURE_MODE_RELAXED || c->thread == std::this_thread::get_id(),
                CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "the capture was begun on another thread");
        end(c);
        if (c->invalidated) refuse(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture was spoilt before");
        require(c->open.empty(), CUDA_ERROR_STREAM_CAPTURE_UNJOINED,
                "%zu other streams recorded work that the first does not wait for", c->open.size());
        *graph = make_graph(s->context, *c);
    });
}

}  // extern "C"

}  // namespace emu
