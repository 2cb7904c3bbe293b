// Modules and launches: what the PTX says is held against what is asked.
#include <vector_types.h>

#include <cstring>

#include "../driver/ptx.h"
#include "kernels.h"

static CUresult load(const std::string &ptx) {
    CUmodule module = nullptr;
    const CUresult status = cuModuleLoadDataEx(&module, ptx.c_str(), 0, nullptr, nullptr);
    if (module) CHECK_EQUAL(cuModuleUnload(module), CUDA_SUCCESS);
    return status;
}

TEST(ptx_declarations) {
    std::string error;
    const emu::Ptx p = emu::parse_ptx(whole_ptx(), error);
    CHECK(error.empty());
    CHECK_EQUAL(p.version, 78);
    CHECK_EQUAL(p.target, 75);
    CHECK_EQUAL(p.entries.size(), size_t{14 + 15});
    CHECK((p.entries[0].params == std::vector<size_t>{8, 8, 4, 8}));
    CHECK_EQUAL(p.entries[0].shared, size_t{0});
    CHECK_EQUAL(p.entries[2].shared, size_t{256});
    CHECK_EQUAL(p.entries[2].max_threads, 64);
    const emu::Ptx q = emu::parse_ptx(header("9.0", "sm_90a") + entry("k", {".align 8 .b8"}), error);
    CHECK_EQUAL(q.target, 90);
    const std::string block = header() +
                              ".entry k(\n.param .align 8 .b8 k_param_0[24]\n)\n{\n.shared .align 8 .b8 a[20];\n{ "
                              "}\n.shared .align 16 .f32 b;\n}\n";
    const emu::Ptx r = emu::parse_ptx(block, error);
    CHECK((r.entries[0].params == std::vector<size_t>{24}));
    CHECK_EQUAL(r.entries[0].shared, size_t{32 + 4});
    // What is extern is brought by the launch.
    const std::string extern_shared = ".extern .shared .align 16 .b8 all[];\n.shared .align 4 .u32 one;\n";
    const emu::Ptx s = emu::parse_ptx(header() + extern_shared + entry("k", {".u64"}, "mov.u32 %r1, all, one;"), error);
    CHECK_EQUAL(s.entries[0].shared, size_t{4});
}

TEST(ptx_versions_of_drivers) {
    CHECK_EQUAL(emu::ptx_version_of(12000), 80);
    CHECK_EQUAL(emu::ptx_version_of(12060), 85);
    CHECK_EQUAL(emu::ptx_version_of(13000), 90);
}

TEST(ptx_that_cannot_be_loaded) {
    const Outcome o = in_child({{"RESNET_EMU_DRIVER", "12040"}, {"RESNET_EMU_CC", "80"}}, [] {
        const Device device;
        CHECK_EQUAL(load(whole_ptx()), CUDA_SUCCESS);
        CHECK_EQUAL(load(header("8.4", "sm_80")), CUDA_SUCCESS);
        CHECK_EQUAL(load(header("8.5")), CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
        CHECK_EQUAL(load(header("8.4", "sm_90")), CUDA_ERROR_NO_BINARY_FOR_GPU);
        CHECK_EQUAL(load("\177ELF\2\1\1"), CUDA_ERROR_NO_BINARY_FOR_GPU);
        CHECK_EQUAL(load("not PTX"), CUDA_ERROR_INVALID_PTX);
        CHECK_EQUAL(load(header() + ".visible .entry scale(.param .u64 x\n"), CUDA_ERROR_INVALID_PTX);
        CHECK_EQUAL(load(header() + entry("scale", {".u64 nonsense"})), CUDA_ERROR_INVALID_PTX);
    });
    CHECK(o.exited(0));
    CHECK(!o.says("emu:"));
}

TEST(ptx_of_another_source) {
    const Device device;
    CHECK_EQUAL(load(header() + entry("scale", {".u64", ".u64", ".f32"})), CUDA_ERROR_INVALID_PTX);
    CHECK_EQUAL(load(header() + entry("scale", {".u64", ".u64", ".f64", ".u64"})), CUDA_ERROR_INVALID_PTX);
}

TEST(the_compiler_writes_a_log) {
    const Device device;
    char log[64] = "";
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
    CUmodule module;
    CHECK_EQUAL(cuModuleLoadDataEx(&module, "not PTX", 2, options, values), CUDA_ERROR_INVALID_PTX);
    CHECK(strstr(log, "ptxas fatal: want .version") != nullptr);
}

TEST(functions_are_those_of_both) {
    const Device device;
    const Module module;
    CUfunction f;
    CHECK_EQUAL(cuModuleGetFunction(&f, module.handle, "scale"), CUDA_SUCCESS);
    CHECK_EQUAL(cuModuleGetFunction(&f, module.handle, "only_in_ptx"), CUDA_ERROR_NOT_FOUND);
    CHECK_EQUAL(cuModuleGetFunction(&f, module.handle, "only_here"), CUDA_ERROR_NOT_FOUND);
}

// launch_packed gives the arguments as one block.
static CUresult launch_packed(CUfunction f, void *block, size_t bytes) {
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, block, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes, CU_LAUNCH_PARAM_END};
    return cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, extra);
}

TEST(packed_arguments) {
    const Device device;
    const Module module;
    const Array<float> x(std::vector<float>{1, 2, 3}), y(3);
    struct {
        CUdeviceptr y, x;
        float a;
        int64_t n;
    } block = {y.at, x.at, 2, 3};
    CHECK_EQUAL(launch_packed(module["scale"], &block, 32), CUDA_SUCCESS);
    CHECK_EQUAL(y.values()[2], 6.0f);
    CHECK_EQUAL(launch_packed(module["scale"], &block, 28), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(launch_packed(module["scale"], &block, 40), CUDA_ERROR_INVALID_VALUE);
    block.x += 12;
    CHECK_EQUAL(launch_packed(module["scale"], &block, 32), CUDA_ERROR_INVALID_VALUE);
    struct {
        int which;
    } last = {99};
    CHECK_EQUAL(launch_packed(module["leaves_early"], &last, 4), CUDA_SUCCESS);
}

TEST(launches_have_limits) {
    const Device device;
    const Module module;
    const Array<int> y(2048);
    CUdeviceptr at = y.at;
    void *params[] = {&at};
    const CUfunction where = module["where"];
    const auto launch = [&](dim3 grid, dim3 block, unsigned shared) {
        return cuLaunchKernel(where, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared, nullptr, params,
                              nullptr);
    };
    CHECK_EQUAL(launch({1, 1, 1}, {1024, 1, 1}, 48 << 10), CUDA_SUCCESS);
    CHECK_EQUAL(launch({1, 1, 1}, {1024, 2, 1}, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(launch({1, 1, 1}, {1, 1, 65}, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(launch({1, 1, 1}, {0, 1, 1}, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(launch({0, 1, 1}, {1, 1, 1}, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(launch({1, 65536, 1}, {1, 1, 1}, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(launch({1, 1, 1}, {1, 1, 1}, (48 << 10) + 1), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(module.launch("reverse", 1, 65, 0, at, at), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(module.launch("reverse", 1, 64, (48 << 10) - 255, at, at), CUDA_ERROR_INVALID_VALUE);
    CHECK_EQUAL(cuLaunchKernel(where, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
}

TEST(shared_memory_above_48_KiB_is_asked_for) {
    const auto ask = [](const char *capability, int most) {
        return in_child({{"RESNET_EMU_CC", capability}}, [=] {
            const Device device;
            const Module module;
            const Array<int> y(64);
            const CUfunction f = module["reverse"];
            const auto set = [&](int bytes) {
                return cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes);
            };
            int told = 0;
            CHECK_EQUAL(cuDeviceGetAttribute(&told, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 0),
                        CUDA_SUCCESS);
            CHECK_EQUAL(told, most);
            CHECK_EQUAL(cuFuncGetAttribute(&told, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, f), CUDA_SUCCESS);
            CHECK_EQUAL(told, 256);
            CHECK_EQUAL(module.launch("reverse", 1, 64, most - 256, y.at, y.at), CUDA_ERROR_INVALID_VALUE);
            CHECK_EQUAL(set(most - 255), CUDA_ERROR_INVALID_VALUE);
            CHECK_EQUAL(set(-1), CUDA_ERROR_INVALID_VALUE);
            CHECK_EQUAL(set(most - 256), CUDA_SUCCESS);
            CHECK_EQUAL(cuFuncGetAttribute(&told, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, f), CUDA_SUCCESS);
            CHECK_EQUAL(told, most - 256);
            CHECK_EQUAL(module.launch("reverse", 1, 64, most - 256, y.at, y.at), CUDA_SUCCESS);
            CHECK_EQUAL(module.launch("reverse", 1, 64, most - 255, y.at, y.at), CUDA_ERROR_INVALID_VALUE);
            CHECK_EQUAL(module.launch("dynamic", 1, 64, (48 << 10) + 1, y.at, y.at), CUDA_ERROR_INVALID_VALUE);
        });
    };
    CHECK(ask("90", 227 << 10).exited(0));
    CHECK(ask("80", 163 << 10).exited(0));
    CHECK(ask("75", 64 << 10).exited(0));
}

TEST(a_graph_does_not_outlive_its_kernels) {
    const Device device;
    Stream stream;
    CUgraph graph;
    CUgraphExec exec;
    {
        const Module module;
        int which = -1;
        void *params[] = {&which};
        CHECK_EQUAL(cuStreamBeginCapture(stream.handle, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
        CHECK_EQUAL(cuLaunchKernel(module["leaves_early"], 1, 1, 1, 64, 1, 1, 0, stream.handle, params, nullptr),
                    CUDA_SUCCESS);
        which = 3;  // the node keeps -1
        CHECK_EQUAL(cuStreamEndCapture(stream.handle, &graph), CUDA_SUCCESS);
        CHECK_EQUAL(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
        CHECK_EQUAL(cuGraphLaunch(exec, stream.handle), CUDA_SUCCESS);
        CHECK_EQUAL(stream.sync(), CUDA_SUCCESS);
    }
    CHECK_EQUAL(cuGraphLaunch(exec, stream.handle), CUDA_ERROR_INVALID_HANDLE);
}
