// Kernels: threads, shared memory, warps, and what they do wrong.
#include <csignal>
#include <numeric>

#include "kernels.h"

TEST(threads_know_where_they_are) {
    const Device device;
    const Module module;
    const Array<int> y(2 * 3 * 2 * 4 * 2 * 3);
    CUdeviceptr at = y.at;
    void *params[] = {&at};
    CHECK_EQUAL(cuLaunchKernel(module["where"], 2, 3, 2, 4, 2, 3, 0, nullptr, params, nullptr), CUDA_SUCCESS);
    const std::vector<int> values = y.values();
    for (int i = 0; i < static_cast<int>(values.size()); i++) CHECK_EQUAL(values[i], 100 * (i / 24) + i % 24);
}

TEST(shared_memory_and_barriers) {
    const Device device;
    const Module module;
    std::vector<int> x(192);
    std::iota(x.begin(), x.end(), 0);
    const Array<int> from(x), to(192);
    CHECK_EQUAL(module.launch("reverse", 3, 64, 0, to.at, from.at), CUDA_SUCCESS);
    const std::vector<int> y = to.values();
    for (int i = 0; i < 192; i++) CHECK_EQUAL(y[i], i / 64 * 64 + 63 - i % 64);
}

TEST(dynamic_shared_memory) {
    const Device device;
    const Module module;
    std::vector<float> x(1024);
    std::iota(x.begin(), x.end(), 1.0f);
    const Array<float> from(x), to(1);
    CHECK_EQUAL(module.launch("dynamic", 1, 1024, 4096, to.at, from.at), CUDA_SUCCESS);
    CHECK_EQUAL(to.values()[0], 1024.0f * 1025 / 2);
}

TEST(shared_memory_is_undefined_in_each_block) {
    const Device device;
    const Module module;
    const Array<float> y(4);
    CHECK_EQUAL(module.launch("unset", 2, 1, 4, y.at), CUDA_SUCCESS);
    for (const float v : y.values()) CHECK(std::isnan(v));
}

TEST(warps_exchange_values) {
    const Device device;
    const Module module;
    std::vector<double> x(128);
    std::iota(x.begin(), x.end(), 1.0);
    const Array<double> from(x), down(128), across(128), first(128);
    CHECK_EQUAL(module.launch("warps", 2, 64, 0, down.at, across.at, first.at, from.at), CUDA_SUCCESS);
    const std::vector<double> d = down.values(), a = across.values(), f = first.values();
    for (int i = 0; i < 128; i++) {
        const int warp = i / 32 * 32;
        const double sum = 32 * warp + 32 * 33 / 2;
        CHECK_EQUAL(a[i], sum);
        if (i == warp) CHECK_EQUAL(d[i], sum);
        CHECK_EQUAL(f[i], x[i / 8 * 8 + 4]);
    }
}

TEST(parts_of_a_warp_exchange_values_by_themselves) {
    const Device device;
    const Module module;
    const Array<int> y(32);
    CHECK_EQUAL(module.launch("halves", 1, 32, 0, y.at), CUDA_SUCCESS);
    const std::vector<int> v = y.values();
    for (int i = 0; i < 32; i++) CHECK_EQUAL(v[i], i ^ 1);
}

TEST(the_last_block_sees_all) {
    const Device device;
    const Module module;
    const Array<int> sum(std::vector<int>{0}), total(std::vector<int>{0});
    const Array<unsigned> done(std::vector<unsigned>{0});
    CHECK_EQUAL(module.launch("count", 7, 48, 0, sum.at, done.at, total.at), CUDA_SUCCESS);
    CHECK_EQUAL(total.values()[0], 7 * 48);
}

// mistake launches a wrong kernel in a process of its own; the context is lost with it.
template <typename... A> static Outcome mistake(const char *name, unsigned block, A... arguments) {
    return in_child({}, [=] {
        const Device device;
        const Module module;
        CHECK_EQUAL(module.launch(name, 2, block, 0, arguments...), CUDA_SUCCESS);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    });
}

TEST(a_barrier_that_some_never_reach) {
    for (const int leaves : {0, 17, 63}) {
        const Outcome o = mistake("leaves_early", 64, leaves);
        CHECK(o.exited(0));
        CHECK(o.says("emu: leaves_early: block 0,0,0"));
        CHECK(o.says("of 64 threads 1 have ended and 63 are at the barrier"));
    }
    const Outcome o = mistake("two_barriers", 64, 5);
    CHECK(o.exited(0));
    CHECK(o.says("thread 5 is at __syncthreads"));
}

TEST(an_exchange_that_cannot_be) {
    const auto one = [](const char *name, unsigned block, const char *says) {
        const Outcome o = in_child({}, [=] {
            const Device device;
            const Module module;
            const Array<int> y(64);
            CHECK_EQUAL(module.launch(name, 1, block, 0, y.at), CUDA_SUCCESS);
            CHECK_EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
        });
        CHECK(o.exited(0));
        CHECK(o.says(says));
    };
    one("asks_the_absent", 33, "thread 32 asks lane 1 for a value, which gives none");
    one("not_in_its_mask", 32, "thread 0 is not in its own mask 0xfffffffe");
}

TEST(a_new_context_forgets_the_failed_one) {
    {
        const Device device;
        const Module module;
        CHECK_EQUAL(module.launch("two_barriers", 1, 64, 0, 5), CUDA_SUCCESS);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    }
    const Device device;
    const Module module;
    const Array<int> y(32);
    CHECK_EQUAL(module.launch("halves", 1, 32, 0, y.at), CUDA_SUCCESS);
    CHECK_EQUAL(y.values()[3], 2);
}

TEST(a_kernel_that_writes_outside) {
    const auto write = [](int64_t i) {
        return in_child({{"RESNET_EMU_TRACE", "1"}}, [=] {
            const Device device;
            const Module module;
            const Array<int> y(4);
            CHECK_EQUAL(module.launch("writes_at", 1, 1, 0, y.at, i), CUDA_SUCCESS);
            CHECK_EQUAL(cuCtxSynchronize(), CUDA_SUCCESS);
        });
    };
    CHECK(write(3).exited(0));
    const Outcome o = write(4);
    CHECK(o.killed(SIGSEGV));
    CHECK(o.says("emu: doing kernel writes_at"));
}
