#include "queue.h"

#include <cstdio>
#include <set>

#include "block.h"
#include "call.h"
#include "capture.h"
#include "config.h"
#include "context.h"
#include "memory.h"
#include "objects.h"

namespace emu {
namespace {

const Kind stream_kind{"stream", destroy_as<CUstream_st>, false};

// All streams, the default ones too.
std::set<CUstream> streams;

std::unique_ptr<CUstream_st> make_stream(CUcontext context, int priority, bool legacy, bool blocking) {
    std::unique_ptr<CUstream_st> s(
        new CUstream_st{context, priority, legacy, blocking, std::make_shared<Queue>(), nullptr});
    s->queue->context = context;
    streams.insert(s.get());
    return s;
}

// note traces and counts a piece of work.
void note(const Op &op) {
    if (config().trace) fprintf(stderr, "emu: doing %s %s\n", op.kind, op.name.c_str());
    count(op.kind, op.name, op.bytes);
}

// flush does a queue's work up to a position. A failure takes the context with it: the rest of its work is dropped.
void flush(Queue &q, uint64_t position) {
    while (q.done < position) {
        const Op op = std::move(q.ops.front());
        q.ops.pop_front();
        for (const Ticket &t : op.after) flush(*t.queue, t.position);
        if (!q.context->failed) {
            try {
                do_now(op);
            } catch (const Refusal &r) {
                q.context->failed = r.status;
            }
        }
        q.done++;
    }
}

void create_stream(CUstream *stream, unsigned flags, int priority) {
    require(stream, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
    require((flags & ~CU_STREAM_NON_BLOCKING) == 0, CUDA_ERROR_INVALID_VALUE, "flags %#x", flags);
    require(priority <= 0 && priority >= kGreatestPriority, CUDA_ERROR_INVALID_VALUE, "priority %d, want 0 to %d",
            priority, kGreatestPriority);
    const CUcontext c = current_context();
    *stream = make_stream(c, priority, false, !(flags & CU_STREAM_NON_BLOCKING)).release();
    adopt(*stream, stream_kind, c);
}

}  // namespace

std::unique_ptr<CUstream_st> make_legacy_stream(CUcontext context) { return make_stream(context, 0, true, true); }

CUstream stream_of(CUstream handle) {
    if (!handle || handle == CU_STREAM_LEGACY) return current_context()->legacy.get();
    require_live(handle, stream_kind, "the stream");
    return handle;
}

Ticket tail(CUstream stream) { return {stream->queue, stream->queue->issued}; }

void check_uses(const Op &op) {
    for (const Use &u : op.uses) (u.pinned ? require_pinned : require_device)(u.at, u.bytes, u.what);
}

void require_apart(const Use &a, const Use &b) {
    const bool apart = !a.bytes || !b.bytes || a.at + a.bytes <= b.at || b.at + b.bytes <= a.at;
    require(apart, CUDA_ERROR_INVALID_VALUE, "%s and %s overlap", a.what.c_str(), b.what.c_str());
}

void do_now(const Op &op) {
    const Doing doing(op.name);
    note(op);
    op.run();
}

void do_together(const Op *first, size_t n) {
    std::vector<Grid> grids;
    for (const Op *op = first; op < first + n; op++) {
        note(*op);
        grids.push_back(*op->grid);
    }
    run_grids(grids);
}

void give(CUstream stream, Op op) {
    check_uses(op);
    if (const CUresult status = take_poison()) op.run = [status] { refuse(status, "asked for by RESNET_EMU_FAIL"); };
    if (stream->legacy) forbid_legacy_while_capturing();
    if (stream->capture) {
        record(stream, std::move(op));
        return;
    }
    if (stream->blocking)
        for (const CUstream other : streams)
            if (other->context == stream->context && other->blocking && other->legacy != stream->legacy)
                op.after.push_back(tail(other));
    stream->queue->ops.push_back(std::move(op));
    stream->queue->issued++;
    if (config().eager) wait_for(tail(stream));
}

void wait_for(const Ticket &ticket) {
    if (config().others_first)
        for (const CUstream s : streams)
            if (s->context == ticket.queue->context && s->queue != ticket.queue) flush(*s->queue, s->queue->issued);
    flush(*ticket.queue, ticket.position);
}

void wait_for_all(CUcontext context) {
    for (const CUstream s : streams)
        if (s->context == context) flush(*s->queue, s->queue->issued);
}

void throw_if_failed(CUcontext context) {
    if (context->failed) refuse(context->failed, "a piece of work failed with status %d", context->failed);
}

extern "C" {

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
    return driver(__func__, kContext, [&] {
        if (least) *least = 0;
        if (greatest) *greatest = kGreatestPriority;
    });
}

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
    return driver(__func__, kContext, [&] { create_stream(stream, flags, 0); });
}

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority) {
    return driver(__func__, kContext, [&] { create_stream(stream, flags, priority); });
}

CUresult cuStreamDestroy(CUstream stream) {
    return driver(__func__, kContext, [&] {
        require_live(stream, stream_kind, "the stream");
        require(!stream->capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stream is being captured");
        wait_for(tail(stream));
        drop(stream);
    });
}

CUresult cuStreamSynchronize(CUstream handle) {
    return driver(__func__, kWaits, [&] {
        const CUstream stream = stream_of(handle);
        forbid_captured(stream);
        wait_for(tail(stream));
        throw_if_failed(stream->context);
    });
}

// The work is done before the answer, so it is never CUDA_ERROR_NOT_READY.
CUresult cuStreamQuery(CUstream handle) {
    return driver(__func__, kWaits, [&] {
        const CUstream stream = stream_of(handle);
        forbid_captured(stream);
        wait_for(tail(stream));
        throw_if_failed(stream->context);
    });
}

}  // extern "C"

}  // namespace emu

CUstream_st::~CUstream_st() { emu::streams.erase(this); }
