// Memory: its bounds, its contents, its end.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <csignal>

#include "device.h"

TEST(new_memory_is_no_number) {
    const Device device;
    const Array<float> f(8);
    const Array<double> d(8);
    const Array<__half> h(8);
    const Array<__nv_bfloat16> b(8);
    for (const float v : f.values()) CHECK(std::isnan(v));
    for (const double v : d.values()) CHECK(std::isnan(v));
    for (const __half v : h.values()) CHECK(std::isnan(__half2float(v)));
    for (const __nv_bfloat16 v : b.values()) CHECK(std::isnan(__bfloat162float(v)));
}

TEST(copies_stay_inside) {
    const Device device;
    const Array<char> a(100), b(100);
    const char host[200] = {};
    CHECK_EQUAL(cuMemcpyHtoD(a.at, host, 100), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemcpyHtoD(a.at, host, 101), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemcpyHtoD(a.at + 60, host, 41), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemcpyHtoD(0, host, 1), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemcpyHtoD(reinterpret_cast<CUdeviceptr>(host), host, 1), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemcpyDtoD(b.at + 50, a.at, 51), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemcpyDtoD(a.at, a.at + 10, 11), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemcpyDtoD(a.at, a.at + 10, 10), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemsetD32Async(a.at + 2, 1, 1, nullptr), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemsetD32Async(a.at, 1, 26, nullptr), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemsetD8Async(a.at, 1, 100, nullptr), CUDA_SUCCESS);
}

TEST(asynchronous_copies_want_pinned_memory) {
    const Device device;
    Stream stream;
    const Array<int> a(1);
    int pageable = 1;
    const Pinned<int> pinned(1);
    CHECK_EQUAL(cuMemcpyHtoDAsync(a.at, &pageable, 4, stream.handle), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemcpyDtoHAsync(&pageable, a.at, 4, stream.handle), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemcpyHtoDAsync(a.at, pinned.at, 4, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemcpyDtoHAsync(pinned.at, a.at, 4, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemcpyDtoHAsync(pinned.at, a.at, 8, stream.handle), CUDA_ERROR_INVALID_VALUE);
}

// touch writes a byte on the host, where the emulation's device memory is.
static Outcome touch(ptrdiff_t offset, bool after_free) {
    return in_child({}, [=] {
        const Device device;
        CUdeviceptr at;
        CHECK_EQUAL(cuMemAlloc(&at, 48), CUDA_SUCCESS);
        if (after_free) CHECK_EQUAL(cuMemFree(at), CUDA_SUCCESS);
        *reinterpret_cast<volatile char *>(at + offset) = 1;
        if (!after_free) CHECK_EQUAL(cuMemFree(at), CUDA_SUCCESS);
    });
}

TEST(overruns_crash) {
    CHECK(touch(47, false).exited(0));
    CHECK(touch(48, false).killed(SIGSEGV));
    CHECK(touch(-5000, false).killed(SIGSEGV));
    CHECK(touch(0, true).killed(SIGSEGV));
}

TEST(writes_just_outside_are_seen_at_the_end) {
    const Device device;
    for (const ptrdiff_t offset : {-1, 5}) {
        CUdeviceptr at;
        CHECK_EQUAL(cuMemAlloc(&at, 5), CUDA_SUCCESS);
        *reinterpret_cast<char *>(at + offset) = 1;
        CHECK_EQUAL(cuMemFree(at), CUDA_ERROR_INVALID_VALUE);
    }
}

TEST(free_wants_what_alloc_gave) {
    const Device device;
    CUdeviceptr at;
    CHECK_EQUAL(cuMemAlloc(&at, 64), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemFree(at + 16), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemFreeHost(reinterpret_cast<void *>(at)), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemFree(at), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemFree(at), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemFree(0), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuMemAlloc(&at, 0), CUDA_ERROR_INVALID_VALUE);
}

TEST(memory_runs_out) {
    const Outcome o = in_child({{"RESNET_EMU_MEMORY", "3"}}, [] {
        const Device device;
        size_t free, total;
        const Array<char> two(2 << 20);
        CHECK_EQUAL(cuMemGetInfo(&free, &total), CUDA_SUCCESS);
        CHECK_EQUAL(free, size_t{1} << 20);
        CHECK_EQUAL(total, size_t{3} << 20);
        CUdeviceptr at;
        CHECK_EQUAL(cuMemAlloc(&at, (1 << 20) + 1), CUDA_ERROR_OUT_OF_MEMORY);
        CHECK_EQUAL(cuMemAlloc(&at, 1 << 20), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemFree(at), CUDA_SUCCESS);
    });
    CHECK(o.exited(0));
    CHECK(!o.says("emu:"));
}

TEST(leaks_are_named) {
    const auto leak = [] {
        const Device device;
        CUdeviceptr at;
        CUstream stream;
        CHECK_EQUAL(cuMemAlloc(&at, 40), CUDA_SUCCESS);
        CHECK_EQUAL(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    };
    const Outcome o = in_child({{"RESNET_EMU_LEAKS", "1"}, {"RESNET_EMU_EXPECT", "0"}}, leak);
    CHECK(o.killed(SIGABRT));
    CHECK(o.says("40 bytes from cuMemAlloc\n  stream from cuStreamCreate\n"));
    CHECK(in_child({}, leak).exited(0));
    const Outcome none = in_child({{"RESNET_EMU_LEAKS", "1"}, {"RESNET_EMU_EXPECT", "0"}}, [] {
        const Device device;
        const Array<char> a(40);
    });
    CHECK(none.exited(0));
}

TEST(a_released_context_is_empty) {
    CUdeviceptr at;
    {
        const Device device;
        CHECK_EQUAL(cuMemAlloc(&at, 64), CUDA_SUCCESS);
    }
    CHECK_EQUAL(cuMemFree(at), CUDA_ERROR_CONTEXT_IS_DESTROYED);
    const Device again;
    CHECK_EQUAL(cuMemFree(at), CUDA_ERROR_INVALID_VALUE);
}
