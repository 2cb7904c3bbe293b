// Launches with attributes: kernels that begin before the one in front has ended, and priorities of streams.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <numeric>
#include <sstream>

#include "kernels.h"

// Chain captures launches on one stream, from begin on, and replays them.
class Chain {
  public:
    void begin() {
        CHECK_EQUAL(cuStreamBeginCapture(stream.handle, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
    }

    // add launches two warps a block with 256 bytes of dynamic shared memory.
    template <typename... A> CUresult add(const char *name, bool dependent, unsigned grid, A... arguments) {
        CUlaunchAttribute attribute{};
        attribute.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
        attribute.value.programmaticStreamSerializationAllowed = dependent;
        const CUlaunchConfig config{grid, 1, 1, 64, 1, 1, 256, stream.handle, &attribute, 1};
        void *params[] = {&arguments...};
        return cuLaunchKernelEx(&config, module[name], params, nullptr);
    }

    CUresult run() {
        CUgraph graph;
        CUgraphExec exec;
        CHECK_EQUAL(cuStreamEndCapture(stream.handle, &graph), CUDA_SUCCESS);
        CHECK_EQUAL(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
        CHECK_EQUAL(cuGraphLaunch(exec, stream.handle), CUDA_SUCCESS);
        const CUresult status = stream.sync();
        cuGraphExecDestroy(exec);
        cuGraphDestroy(graph);
        return status;
    }

    const Device device;
    const Module module{dependent_ptx()};
    Stream stream;
};

static std::vector<int> counting(int n) {
    std::vector<int> x(n);
    std::iota(x.begin(), x.end(), 1);
    return x;
}

// Kernels that wait compute the same, whether they begin early or not, in grids of one block and of several.
TEST(kernels_overlap) {
    for (const char *threads : {"forward", "reverse", "shuffle"}) {
        for (const unsigned grid : {1u, 3u}) {
            const Outcome o = in_child({{"RESNET_EMU_THREADS", threads}}, [=] {
                Chain c;
                const int n = 64 * grid;
                const Array<int> x(counting(n)), y(n), z(n), w(n), constant(counting(64));
                c.begin();
                CHECK_EQUAL(c.add("doubles", false, grid, y.at, x.at), CUDA_SUCCESS);
                CHECK_EQUAL(c.add("early", true, grid, z.at, y.at, constant.at), CUDA_SUCCESS);
                CHECK_EQUAL(c.add("early", true, grid, w.at, z.at, constant.at), CUDA_SUCCESS);
                CHECK_EQUAL(c.add("doubles", true, grid, x.at, w.at), CUDA_SUCCESS);
                CHECK_EQUAL(c.run(), CUDA_SUCCESS);
                const std::vector<int> got = x.values();
                for (int i = 0; i < n; i++) {
                    const int at = i % 64, back = i - at + 63 - at;  // doubles turns each block around
                    CHECK_EQUAL(got[i], 2 * (4 * 2 * (i + 1) + 3 * (64 - (back % 64))));
                }
            });
            CHECK(o.exited(0));
        }
    }
}

// What a kernel reads before it waits is old, and what it writes then is seen by the kernel in front.
TEST(what_is_done_too_early_shows) {
    Chain c;
    const Array<int> x(counting(64)), y(std::vector<int>(64)), z(64);
    c.begin();
    CHECK_EQUAL(c.add("doubles", false, 1, y.at, x.at), CUDA_SUCCESS);
    CHECK_EQUAL(c.add("reads_early", true, 1, z.at, y.at), CUDA_SUCCESS);
    CHECK_EQUAL(c.run(), CUDA_SUCCESS);
    CHECK_EQUAL(y.values()[0], 128);
    CHECK_EQUAL(z.values()[0], 0);
}

TEST(what_is_written_too_early_is_overwritten) {
    Chain c;
    const Array<int> x(counting(64)), y(64), z(64);
    c.begin();
    CHECK_EQUAL(c.add("doubles", false, 1, y.at, x.at), CUDA_SUCCESS);
    CHECK_EQUAL(c.add("writes_early", true, 1, z.at, y.at), CUDA_SUCCESS);
    CHECK_EQUAL(c.run(), CUDA_SUCCESS);
    CHECK_EQUAL(y.values()[0], 128);
}

TEST(every_thread_must_wait) {
    const Outcome o = in_child({}, [] {
        Chain c;
        const Array<int> x(counting(64)), y(64);
        c.begin();
        CHECK_EQUAL(c.add("doubles", false, 1, y.at, x.at), CUDA_SUCCESS);
        CHECK_EQUAL(c.add("never_waits", true, 1, x.at), CUDA_SUCCESS);
        CHECK_EQUAL(c.run(), CUDA_ERROR_LAUNCH_FAILED);
    });
    CHECK(o.exited(0));
    CHECK(o.says("never_waits: thread 3 has ended without griddepcontrol.wait"));
}

TEST(a_kernel_waits_before_it_releases) {
    const Outcome o = in_child({}, [] {
        Chain c;
        const Array<int> x(counting(64)), y(64);
        c.begin();
        CHECK_EQUAL(c.add("doubles", false, 1, y.at, x.at), CUDA_SUCCESS);
        CHECK_EQUAL(c.add("releases_first", true, 1, x.at), CUDA_SUCCESS);
        CHECK_EQUAL(c.run(), CUDA_ERROR_LAUNCH_FAILED);
    });
    CHECK(o.exited(0));
    CHECK(o.says("releases_first: thread 0 executes griddepcontrol.launch_dependents"));
}

// A dependent launch has one kernel in front, and PTX for sm_90.
TEST(launches_that_cannot_be_dependent) {
    Chain c;
    const Array<int> x(counting(64)), y(64);
    c.begin();
    CHECK_EQUAL(c.add("doubles", true, 1, y.at, x.at), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemsetD32Async(x.at, 0, 1, c.stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(c.add("doubles", true, 1, y.at, x.at), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(c.run(), CUDA_SUCCESS);
    const Module old;
    CUlaunchAttribute attributes[2] = {};
    attributes[0].id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    attributes[0].value.programmaticStreamSerializationAllowed = 1;
    attributes[1].id = CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
    attributes[1].value.sharedMemCarveout = 100;
    CUdeviceptr at = y.at;
    void *params[] = {&at};
    CUlaunchConfig config{1, 1, 1, 1, 1, 1, 0, nullptr, attributes, 1};
    CHECK_EQUAL(cuLaunchKernelEx(&config, old["where"], params, nullptr), CUDA_ERROR_NOT_SUPPORTED);
    config.attrs = attributes + 1;
    CHECK_EQUAL(cuLaunchKernelEx(&config, old["where"], params, nullptr), CUDA_SUCCESS);
    attributes[1].value.sharedMemCarveout = 101;
    CHECK_EQUAL(cuLaunchKernelEx(&config, old["where"], params, nullptr), CUDA_ERROR_INVALID_VALUE);
    attributes[1].id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    CHECK_EQUAL(cuLaunchKernelEx(&config, old["where"], params, nullptr), CUDA_ERROR_INVALID_VALUE);
}

// A graph's nodes have the priority of the stream that it is launched on, unless it keeps their own.
TEST(priorities_of_nodes) {
    const std::string file = "/tmp/emu-priorities-" + std::to_string(getpid());
    for (const unsigned long long flags : {0, int(CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY)}) {
        const Outcome o = in_child({{"RESNET_EMU_COUNT", file}}, [=] {
            const Device device;
            const Array<int> x(4);
            int least = 1, greatest = 1;
            CHECK_EQUAL(cuCtxGetStreamPriorityRange(&least, &greatest), CUDA_SUCCESS);
            CUstream first, side;
            CUevent fork, done;
            CHECK_EQUAL(cuStreamCreateWithPriority(&first, CU_STREAM_NON_BLOCKING, greatest), CUDA_SUCCESS);
            CHECK_EQUAL(cuStreamCreateWithPriority(&side, CU_STREAM_NON_BLOCKING, least), CUDA_SUCCESS);
            CHECK_EQUAL(cuStreamCreateWithPriority(&side, CU_STREAM_NON_BLOCKING, 1), CUDA_ERROR_INVALID_VALUE);
            for (CUevent *e : {&fork, &done}) CHECK_EQUAL(cuEventCreate(e, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
            CUgraph graph;
            CUgraphExec exec;
            CHECK_EQUAL(cuStreamBeginCapture(first, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
            CHECK_EQUAL(cuMemsetD32Async(x.at, 0, 1, first), CUDA_SUCCESS);
            CHECK_EQUAL(cuEventRecord(fork, first), CUDA_SUCCESS);
            CHECK_EQUAL(cuStreamWaitEvent(side, fork, 0), CUDA_SUCCESS);
            CHECK_EQUAL(cuMemsetD32Async(x.at + 4, 0, 1, side), CUDA_SUCCESS);
            CHECK_EQUAL(cuEventRecord(done, side), CUDA_SUCCESS);
            CHECK_EQUAL(cuStreamWaitEvent(first, done, 0), CUDA_SUCCESS);
            CHECK_EQUAL(cuStreamEndCapture(first, &graph), CUDA_SUCCESS);
            CHECK_EQUAL(cuGraphInstantiate(&exec, graph, flags), CUDA_SUCCESS);
            CHECK_EQUAL(cuGraphLaunch(exec, first), CUDA_SUCCESS);
            CHECK_EQUAL(cuStreamSynchronize(first), CUDA_SUCCESS);
        });
        CHECK(o.exited(0));
        std::stringstream counts;
        counts << std::ifstream(file).rdbuf();
        const bool apart = counts.str().find("priority -5 1 0\npriority 0 1 0\n") != std::string::npos;
        const bool equal = counts.str().find("priority -5 2 0\n") != std::string::npos;
        CHECK(flags ? apart : equal);
    }
    remove(file.c_str());
}
