// Capture and graphs.
#include <thread>

#include "device.h"

// Graph is what a stream records while body runs.
struct Graph {
    CUgraph graph = nullptr;
    CUgraphExec exec = nullptr;

    template <typename F> Graph(CUstream stream, F body) {
        CHECK_EQUAL(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
        body();
        CHECK_EQUAL(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
        CHECK_EQUAL(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
    }
    ~Graph() {
        cuGraphExecDestroy(exec);
        cuGraphDestroy(graph);
    }
    size_t nodes() const {
        size_t n = 0;
        CHECK_EQUAL(cuGraphGetNodes(graph, nullptr, &n), CUDA_SUCCESS);
        return n;
    }
};

TEST(a_graph_replays_with_what_memory_holds_then) {
    const Device device;
    Stream stream;
    const Array<int> a(std::vector<int>{1}), b(std::vector<int>{0});
    const Graph g(stream.handle, [&] {
        CHECK_EQUAL(cuMemcpyDtoDAsync(b.at, a.at, 4, stream.handle), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemsetD32Async(a.at, 7, 1, stream.handle), CUDA_SUCCESS);
    });
    CHECK_EQUAL(g.nodes(), size_t{2});
    CHECK_EQUAL(b.values()[0], 0);
    CHECK_EQUAL(cuGraphLaunch(g.exec, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(b.values()[0], 1);
    CHECK_EQUAL(cuGraphLaunch(g.exec, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(b.values()[0], 7);
}

TEST(a_launch_outlives_its_graph) {
    const Device device;
    Stream stream;
    const Array<int> a(std::vector<int>{1});
    {
        const Graph g(stream.handle, [&] { cuMemsetD32Async(a.at, 5, 1, stream.handle); });
        CHECK_EQUAL(cuGraphLaunch(g.exec, stream.handle), CUDA_SUCCESS);
    }
    CHECK_EQUAL(a.values()[0], 5);
}

TEST(a_graph_does_not_outlive_its_memory) {
    const Device device;
    Stream stream;
    CUdeviceptr at;
    CHECK_EQUAL(cuMemAlloc(&at, 4), CUDA_SUCCESS);
    const Graph g(stream.handle, [&] { cuMemsetD32Async(at, 5, 1, stream.handle); });
    CHECK_EQUAL(cuMemFree(at), CUDA_SUCCESS);
    CHECK_EQUAL(cuGraphLaunch(g.exec, stream.handle), CUDA_ERROR_INVALID_VALUE);
}

// spoilt captures around a call that is not allowed and gives the call's status.
template <typename F> static CUresult spoilt(CUstream stream, F call) {
    CHECK_EQUAL(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
    const CUresult status = call();
    CUgraph graph;
    CHECK_EQUAL(cuStreamEndCapture(stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    CHECK(graph == nullptr);
    CHECK_EQUAL(cuStreamSynchronize(stream), CUDA_SUCCESS);
    return status;
}

TEST(waiting_and_allocating_spoil_a_capture) {
    const Device device;
    Stream stream, other;
    const Array<int> a(1);
    CUevent before;
    CHECK_EQUAL(cuEventCreate(&before, 0), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventRecord(before, other.handle), CUDA_SUCCESS);
    CUdeviceptr at;
    int host = 0;
    const CUstream s = stream.handle;
    CHECK_EQUAL(spoilt(s, [&] { return cuStreamSynchronize(s); }), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CHECK_EQUAL(spoilt(s, [&] { return cuStreamSynchronize(other.handle); }), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CHECK_EQUAL(spoilt(s, [&] { return cuCtxSynchronize(); }), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CHECK_EQUAL(spoilt(s, [&] { return cuEventSynchronize(before); }), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CHECK_EQUAL(spoilt(s, [&] { return cuMemAlloc(&at, 4); }), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CHECK_EQUAL(spoilt(s, [&] { return cuMemFree(a.at); }), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CHECK_EQUAL(spoilt(s, [&] { return cuMemcpyDtoH(&host, a.at, 4); }), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CHECK_EQUAL(spoilt(s, [&] { return cuMemsetD32Async(a.at, 0, 1, nullptr); }), CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
    CHECK_EQUAL(spoilt(s, [&] { return cuStreamWaitEvent(s, before, 0); }), CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
}

TEST(other_threads_may_wait_meanwhile) {
    const Device device;
    Stream stream;
    const Array<int> a(1);
    CUresult status = CUDA_ERROR_UNKNOWN;
    const Graph g(stream.handle, [&] {
        std::thread([&] {
            cuCtxSetCurrent(device.context);
            status = cuCtxSynchronize();
        }).join();
        cuMemsetD32Async(a.at, 0, 1, stream.handle);
    });
    CHECK_EQUAL(status, CUDA_SUCCESS);
    CHECK_EQUAL(g.nodes(), size_t{1});
}

TEST(another_stream_forks_and_joins) {
    const Device device;
    Stream stream, side;
    const Array<int> a(std::vector<int>{1}), b(std::vector<int>{2});
    CUevent fork, done;
    for (CUevent *e : {&fork, &done}) CHECK_EQUAL(cuEventCreate(e, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    const auto branch = [&] {
        CHECK_EQUAL(cuMemsetD32Async(a.at, 3, 1, stream.handle), CUDA_SUCCESS);
        CHECK_EQUAL(cuEventRecord(fork, stream.handle), CUDA_SUCCESS);
        CHECK_EQUAL(cuStreamWaitEvent(side.handle, fork, 0), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemcpyDtoDAsync(b.at, a.at, 4, side.handle), CUDA_SUCCESS);
    };
    {
        const Graph g(stream.handle, [&] {
            branch();
            CHECK_EQUAL(cuEventRecord(done, side.handle), CUDA_SUCCESS);
            CHECK_EQUAL(cuStreamWaitEvent(stream.handle, done, 0), CUDA_SUCCESS);
        });
        CHECK_EQUAL(g.nodes(), size_t{2});
        CHECK_EQUAL(cuEventSynchronize(done), CUDA_ERROR_CAPTURED_EVENT);
        CHECK_EQUAL(cuGraphLaunch(g.exec, side.handle), CUDA_SUCCESS);
        CHECK_EQUAL(b.values()[0], 3);
    }
    CUgraph graph;
    CHECK_EQUAL(cuStreamBeginCapture(stream.handle, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
    branch();
    CHECK_EQUAL(cuStreamEndCapture(side.handle, &graph), CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
    CHECK_EQUAL(cuStreamEndCapture(stream.handle, &graph), CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
    CHECK_EQUAL(side.sync(), CUDA_SUCCESS);
}

// Branch is a side stream that a capture forks to, and the two events for it.
struct Branch {
    Stream side;
    CUevent fork, done;

    Branch() {
        for (CUevent *e : {&fork, &done}) CHECK_EQUAL(cuEventCreate(e, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    }
    void begin(CUstream from) {
        CHECK_EQUAL(cuEventRecord(fork, from), CUDA_SUCCESS);
        CHECK_EQUAL(cuStreamWaitEvent(side.handle, fork, 0), CUDA_SUCCESS);
    }
    void end(CUstream to) {
        CHECK_EQUAL(cuEventRecord(done, side.handle), CUDA_SUCCESS);
        CHECK_EQUAL(cuStreamWaitEvent(to, done, 0), CUDA_SUCCESS);
    }
};

// A fork that is too early shows where the other branch runs ahead, and a join that is too late where it does not.
TEST(branches_run_in_any_order) {
    const auto run = [](const char *order, bool early, bool late) {
        return in_child({{"RESNET_EMU_ORDER", order}}, [=] {
            const Device device;
            Stream stream;
            Branch branch;
            const Array<int> a(std::vector<int>{1}), b(std::vector<int>{2}), c(std::vector<int>{3});
            const CUstream s = stream.handle;
            const Graph g(s, [&] {
                if (early) branch.begin(s);
                CHECK_EQUAL(cuMemsetD32Async(a.at, 7, 1, s), CUDA_SUCCESS);
                if (!early) branch.begin(s);
                CHECK_EQUAL(cuMemcpyDtoDAsync(b.at, a.at, 4, branch.side.handle), CUDA_SUCCESS);
                if (!late) branch.end(s);
                CHECK_EQUAL(cuMemcpyDtoDAsync(c.at, b.at, 4, s), CUDA_SUCCESS);
                if (late) branch.end(s);
            });
            CHECK_EQUAL(g.nodes(), size_t{3});
            CHECK_EQUAL(cuGraphLaunch(g.exec, s), CUDA_SUCCESS);
            CHECK_EQUAL(c.values()[0], 7);
        });
    };
    for (const char *order : {"", "others-first"}) CHECK(run(order, false, false).exited(0));
    CHECK(run("", true, false).exited(0));
    CHECK(run("others-first", true, false).exited(1));
    CHECK(run("", false, true).exited(1));
    CHECK(run("others-first", false, true).exited(0));
}

// A branch of a branch is joined with it, and waits for all that it was told to.
TEST(branches_of_branches) {
    for (const char *order : {"", "others-first"}) {
        const Outcome o = in_child({{"RESNET_EMU_ORDER", order}}, [] {
            const Device device;
            Stream stream;
            Branch first, second;
            const Array<int> x(std::vector<int>(4));
            const auto at = [&](int i) { return x.at + 4 * i; };
            const auto copy = [&](int to, int from, CUstream s) {
                CHECK_EQUAL(cuMemcpyDtoDAsync(at(to), at(from), 4, s), CUDA_SUCCESS);
            };
            const CUstream s = stream.handle;
            const Graph g(s, [&] {
                CHECK_EQUAL(cuMemsetD32Async(at(0), 5, 1, s), CUDA_SUCCESS);
                first.begin(s);
                copy(1, 0, first.side.handle);
                second.begin(first.side.handle);
                copy(2, 1, second.side.handle);
                second.end(first.side.handle);
                copy(3, 2, first.side.handle);
                first.end(s);
                copy(0, 3, s);
            });
            CHECK_EQUAL(cuGraphLaunch(g.exec, s), CUDA_SUCCESS);
            for (const int v : x.values()) CHECK_EQUAL(v, 5);
        });
        CHECK(o.exited(0));
    }
}

TEST(capture_has_one_begin_and_one_end) {
    const Device device;
    Stream stream;
    CUgraph graph;
    CHECK_EQUAL(cuStreamEndCapture(stream.handle, &graph), CUDA_ERROR_ILLEGAL_STATE);
    CHECK_EQUAL(cuStreamBeginCapture(nullptr, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CHECK_EQUAL(cuStreamBeginCapture(stream.handle, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
    CHECK_EQUAL(cuStreamBeginCapture(stream.handle, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_ERROR_ILLEGAL_STATE);
    CUresult elsewhere = CUDA_SUCCESS;
    std::thread([&] {
        cuCtxSetCurrent(device.context);
        elsewhere = cuStreamEndCapture(stream.handle, &graph);
    }).join();
    CHECK_EQUAL(elsewhere, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
    CHECK_EQUAL(cuStreamEndCapture(stream.handle, &graph), CUDA_SUCCESS);
    CHECK_EQUAL(cuGraphDestroy(graph), CUDA_SUCCESS);
    CHECK_EQUAL(cuGraphDestroy(graph), CUDA_ERROR_INVALID_HANDLE);
}
