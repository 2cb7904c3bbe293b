// Events: marks in streams, to wait for and to take times by.
#include <chrono>
#include <optional>

#include "call.h"
#include "capture.h"
#include "context.h"
#include "objects.h"

namespace emu {
namespace {

using Clock = std::chrono::steady_clock;

// Mark is one recording of an event outside a capture.
struct Mark {
    Ticket ticket;
    Clock::time_point time;
    bool reached = false;
};

}  // namespace
}  // namespace emu

struct CUevent_st {
    bool timing;
    std::shared_ptr<emu::Mark> mark;  // the last recording, if that was outside a capture
    std::optional<emu::Fork> fork;    // where in a capture it was, otherwise
};

namespace emu {
namespace {

const Kind event_kind{"event", destroy_as<CUevent_st>, false};

void wait_for_event(CUevent event) {
    require_live(event, event_kind, "the event");
    if (event->fork) spoil(*event->fork->capture, CUDA_ERROR_CAPTURED_EVENT, "the event was recorded in a capture");
    if (event->mark) wait_for(event->mark->ticket);
    throw_if_failed(current_context());
}

// reached is an event's last recording, which the work has passed.
const Mark &reached(CUevent event, const char *which) {
    require_live(event, event_kind, which);
    require(event->timing, CUDA_ERROR_INVALID_HANDLE, "%s event was made without timing", which);
    require(bool(event->mark), CUDA_ERROR_INVALID_HANDLE, "%s event was never recorded", which);
    if (!event->mark->reached) refuse(CUDA_ERROR_NOT_READY, "%s event was not reached yet", which);
    return *event->mark;
}

}  // namespace

extern "C" {

CUresult cuEventCreate(CUevent *event, unsigned flags) {
    return driver(__func__, kContext, [&] {
        require(event, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        require((flags & ~(CU_EVENT_DISABLE_TIMING | CU_EVENT_BLOCKING_SYNC)) == 0, CUDA_ERROR_INVALID_VALUE,
                "flags %#x", flags);
        *event = new CUevent_st{!(flags & CU_EVENT_DISABLE_TIMING), nullptr, {}};
        adopt(*event, event_kind, current_context());
    });
}

CUresult cuEventDestroy(CUevent event) {
    return driver(__func__, kContext, [&] {
        require_live(event, event_kind, "the event");
        drop(event);
    });
}

CUresult cuEventRecord(CUevent event, CUstream handle) {
    return driver(__func__, kContext, [&] {
        require_live(event, event_kind, "the event");
        const CUstream stream = stream_of(handle);
        event->fork.reset();
        if (stream->capture) {
            event->fork = fork_at(stream);
            return;
        }
        const auto mark = std::make_shared<Mark>();
        give(stream, {"event", "record", [mark] {
                          mark->time = Clock::now();
                          mark->reached = true;
                      }});
        mark->ticket = tail(stream);
        event->mark = mark;
    });
}

CUresult cuStreamWaitEvent(CUstream handle, CUevent event, unsigned flags) {
    return driver(__func__, kContext, [&] {
        require_live(event, event_kind, "the event");
        require(flags == 0, CUDA_ERROR_INVALID_VALUE, "flags %#x", flags);
        const CUstream stream = stream_of(handle);
        if (event->fork) {
            join(stream, *event->fork);
        } else if (event->mark) {
            if (stream->capture)
                spoil(*stream->capture, CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
                      "the event was recorded outside the capture");
            give(stream, {"event", "wait", [] {}, {}, 0, nullptr, {event->mark->ticket}});
        }
    });
}

CUresult cuEventSynchronize(CUevent event) {
    return driver(__func__, kWaits, [&] { wait_for_event(event); });
}

// The work is done before the answer, so it is never CUDA_ERROR_NOT_READY.
CUresult cuEventQuery(CUevent event) {
    return driver(__func__, kWaits, [&] { wait_for_event(event); });
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
    return driver(__func__, kContext, [&] {
        require(milliseconds, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        const std::chrono::duration<float, std::milli> t =
            reached(end, "the end").time - reached(start, "the start").time;
        *milliseconds = t.count();
    });
}

}  // extern "C"

}  // namespace emu
