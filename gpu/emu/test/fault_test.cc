// Failures that the environment asks for, and what is reported.
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "kernels.h"

TEST(a_call_fails_as_asked) {
    const Outcome o = in_child({{"RESNET_EMU_FAIL", "cuMemAlloc:2@2,cuStreamCreate:304"}}, [] {
        const Device device;
        CUdeviceptr a, b;
        CUstream stream;
        CHECK_EQUAL(cuMemAlloc(&a, 4), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemAlloc(&b, 4), CUDA_ERROR_OUT_OF_MEMORY);
        CHECK_EQUAL(cuMemAlloc(&b, 4), CUDA_SUCCESS);
        for (int i = 0; i < 2; i++) CHECK_EQUAL(cuStreamCreate(&stream, 0), CUDA_ERROR_OPERATING_SYSTEM);
    });
    CHECK(o.exited(0));
    CHECK(!o.says("emu:"));
}

TEST(a_kernel_fails_later_and_for_good) {
    const Outcome o = in_child({{"RESNET_EMU_FAIL", "cuLaunchKernel:719@2"}}, [] {
        const Device device;
        const Module module;
        const Array<int> y(32);
        int host[32];
        CHECK_EQUAL(module.launch("halves", 1, 32, 0, y.at), CUDA_SUCCESS);
        CHECK_EQUAL(module.launch("halves", 1, 32, 0, y.at), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemcpyDtoH(host, y.at, sizeof host), CUDA_ERROR_LAUNCH_FAILED);
        CHECK_EQUAL(module.launch("halves", 1, 32, 0, y.at), CUDA_ERROR_LAUNCH_FAILED);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
        CHECK_EQUAL(cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
        CHECK_EQUAL(cuDevicePrimaryCtxRetain(const_cast<CUcontext *>(&device.context), 0), CUDA_SUCCESS);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_SUCCESS);
        _exit(0);
    });
    CHECK(o.exited(0));
}

TEST(ptx_is_refused_as_asked) {
    const Outcome o = in_child({{"RESNET_EMU_FAIL", "cuModuleLoadDataEx:222"}}, [] {
        const Device device;
        CUmodule module;
        CHECK_EQUAL(cuModuleLoadDataEx(&module, whole_ptx().c_str(), 0, nullptr, nullptr),
                    CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
    });
    CHECK(o.exited(0));
}

TEST(machines_differ) {
    const Outcome none = in_child({{"RESNET_EMU_DEVICES", "0"}, {"RESNET_EMU_DRIVER", "12040"}}, [] {
        int version = 0, count = 0;
        CHECK_EQUAL(cuInit(0), CUDA_ERROR_NO_DEVICE);
        CHECK_EQUAL(cuDeviceGetCount(&count), CUDA_ERROR_NOT_INITIALIZED);
        CHECK_EQUAL(cuDriverGetVersion(&version), CUDA_SUCCESS);
        CHECK_EQUAL(version, 12040);
    });
    CHECK(none.exited(0));
    const Outcome three =
        in_child({{"RESNET_EMU_DEVICES", "3"}, {"RESNET_EMU_CC", "75"}, {"RESNET_EMU_MEMORY", "7"}}, [] {
            CHECK_EQUAL(cuInit(0), CUDA_SUCCESS);
            int count = 0, major = 0, minor = 0, multiprocessors = 0, l2 = 0;
            size_t bytes = 0;
            char name[32];
            CUdevice device;
            CHECK_EQUAL(cuDeviceGetCount(&count), CUDA_SUCCESS);
            CHECK_EQUAL(count, 3);
            CHECK_EQUAL(cuDeviceGet(&device, 2), CUDA_SUCCESS);
            CHECK_EQUAL(cuDeviceGet(&device, 3), CUDA_ERROR_INVALID_DEVICE);
            CHECK_EQUAL(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 2), CUDA_SUCCESS);
            CHECK_EQUAL(cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 2), CUDA_SUCCESS);
            CHECK_EQUAL(cuDeviceGetAttribute(&multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 2),
                        CUDA_SUCCESS);
            CHECK_EQUAL(cuDeviceGetAttribute(&l2, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 2), CUDA_SUCCESS);
            CHECK_EQUAL(10 * major + minor, 75);
            CHECK(multiprocessors > 0 && l2 > 0);
            CHECK_EQUAL(cuDeviceTotalMem(&bytes, 2), CUDA_SUCCESS);
            CHECK_EQUAL(bytes, size_t{7} << 20);
            CHECK_EQUAL(cuDeviceGetName(name, sizeof name, 2), CUDA_SUCCESS);
            CHECK(strcmp(name, "emulated GPU") == 0);
        });
    CHECK(three.exited(0));
    const Outcome named = in_child({{"RESNET_EMU_NAME", "Tesla T4"}}, [] {
        char name[64];
        CHECK_EQUAL(cuInit(0), CUDA_SUCCESS);
        CHECK_EQUAL(cuDeviceGetName(name, sizeof name, 0), CUDA_SUCCESS);
        CHECK(strcmp(name, "Tesla T4") == 0);
    });
    CHECK(named.exited(0));
}

TEST(a_setting_that_makes_no_sense_ends_the_process) {
    const std::pair<std::string, std::string> settings[] = {{"RESNET_EMU_DEVICES", "two"},
                                                            {"RESNET_EMU_FAIL", "cuInit"},
                                                            {"RESNET_EMU_FAIL", "cuInit:x"},
                                                            {"RESNET_EMU_FAIL", "cuInit#x:1"},
                                                            {"RESNET_EMU_FAIL", "#1:1"},
                                                            {"RESNET_EMU_ORDER", "first"}};
    for (const auto &[name, value] : settings) {
        const Outcome o = in_child({{name, value}}, [] { cuInit(0); });
        CHECK(o.exited(2));
        CHECK(o.says("emu: " + name));
    }
}

TEST(an_unexpected_violation_aborts) {
    const auto twice = [] {
        const Device device;
        cuMemFree(1);
        exit(9);
    };
    const Outcome o = in_child({{"RESNET_EMU_EXPECT", "0"}}, twice);
    CHECK(o.killed(SIGABRT));
    CHECK(o.says("emu: cuMemFree: 0x1 is not the start of a live allocation"));
    CHECK(in_child({}, twice).exited(9));
}

TEST(statuses_have_names) {
    const char *text = nullptr;
    CHECK_EQUAL(cuGetErrorName(CUDA_ERROR_LAUNCH_FAILED, &text), CUDA_SUCCESS);
    CHECK(strcmp(text, "CUDA_ERROR_LAUNCH_FAILED") == 0);
    CHECK_EQUAL(cuGetErrorString(CUDA_ERROR_LAUNCH_FAILED, &text), CUDA_SUCCESS);
    CHECK(strlen(text) > 0);
    CHECK_EQUAL(cuGetErrorName(static_cast<CUresult>(12345), &text), CUDA_ERROR_INVALID_VALUE);
    CHECK(text == nullptr);
}

TEST(work_is_counted) {
    char path[] = "/tmp/emu-count-XXXXXX";
    close(mkstemp(path));
    const Outcome o = in_child({{"RESNET_EMU_COUNT", path}}, [] {
        const Device device;
        const Module module;
        Stream stream;
        const Array<int> y(32);
        CUgraph graph;
        CUgraphExec exec;
        CHECK_EQUAL(cuStreamBeginCapture(stream.handle, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemsetD32Async(y.at, 1, 32, stream.handle), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemcpyDtoDAsync(y.at, y.at + 16, 16, stream.handle), CUDA_SUCCESS);
        CHECK_EQUAL(cuStreamEndCapture(stream.handle, &graph), CUDA_SUCCESS);
        CHECK_EQUAL(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
        for (int i = 0; i < 3; i++) CHECK_EQUAL(cuGraphLaunch(exec, stream.handle), CUDA_SUCCESS);
        CHECK_EQUAL(stream.sync(), CUDA_SUCCESS);
        for (int i = 0; i < 2; i++) CHECK_EQUAL(module.launch("halves", 1, 32, 0, y.at), CUDA_SUCCESS);
        CHECK_EQUAL(module.launch("crowded", 1, 32, 1024, y.at), CUDA_SUCCESS);
        const Array<unsigned> a(std::vector<unsigned>(128)), b(64), d(128);
        CHECK_EQUAL(module.launch("multiply_f16", 3, 32, 0, d.at, a.at, b.at), CUDA_SUCCESS);
        CHECK_EQUAL(module.launch("copies", 1, 1, 32, d.at, a.at), CUDA_SUCCESS);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_SUCCESS);
        _exit(0);  // the counts are there without any exit handler
    });
    CHECK(o.exited(0));
    std::ifstream file(path);
    std::stringstream counts;
    counts << file.rdbuf();
    const auto has = [&](const char *line) { CHECK(counts.str().find(line) != std::string::npos); };
    has("call cuGraphLaunch 3 0\n");
    has("context created 1 0\n");
    has("call cuLaunchKernel 5 0\n");
    has("call cuMemcpyDtoDAsync 1 0\n");
    has("copy device to device 3 48\n");
    has("copy fill 3 384\n");
    has("graph launch 3 0\n");
    has("graph node 6 0\n");
    has("kernel halves 2 0\n");
    has("kernel multiply_f16 1 0\n");
    has("block multiply_f16 3 0\n");
    has("mma multiply_f16 3 0\n");
    has("copy_async copies 2 32\n");
    has("ldmatrix crowded 2 256\n");
    has("conflict crowded 7 0\n");
    unlink(path);
}
