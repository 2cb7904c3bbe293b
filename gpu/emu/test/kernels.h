// What stands for the PTX of kernels.cu: the emulation reads the declarations alone.
#pragma once

#include <string>
#include <vector>

#include "device.h"

// entry is a kernel's declaration.
inline std::string entry(const std::string &name, const std::vector<std::string> &types,
                         const std::string &body = "ret;", const std::string &directives = "") {
    std::string text = ".visible .entry " + name + "(\n";
    for (size_t i = 0; i < types.size(); i++)
        text +=
            "\t.param " + types[i] + " " + name + "_param_" + std::to_string(i) + (i + 1 < types.size() ? ",\n" : "\n");
    return text + ")\n" + directives + "\n{\n\t" + body + "\n}\n";
}

inline std::string header(const std::string &version = "7.8", const std::string &target = "sm_75") {
    return "//\n// Made for tests\n//\n\n.version " + version + "\n.target " + target + "\n.address_size 64\n\n";
}

// tensor_ptx is that of tensor.cu.
inline std::string tensor_ptx() {
    std::string text;
    for (const char *name : {"multiply_f32", "multiply_f16", "multiply_bf16"})
        text += entry(name, {".u64", ".u64", ".u64"});
    for (const char *name : {"loads", "template_array", "rotated", "overtaken", "not_shared", "not_aligned",
                             "not_all_lanes", "not_the_same_step", "past_dynamic", "last_block", "crowded"})
        text += entry(name, {".u64"});
    return text + entry("copies", {".u64", ".u64"});
}

// dependent_ptx is that of dependent.cu.
inline std::string dependent_ptx() {
    return header("7.8", "sm_90") + entry("doubles", {".u64", ".u64"}) + entry("early", {".u64", ".u64", ".u64"}) +
           entry("reads_early", {".u64", ".u64"}) + entry("writes_early", {".u64", ".u64"}) +
           entry("never_waits", {".u64"}) + entry("releases_first", {".u64"});
}

inline std::string whole_ptx() {
    return header() + ".shared .align 4 .b8 _values[256];\n" +
           entry("scale", {".u64 .ptr .align 1", ".u64", ".f32", ".u64"}) + entry("where", {".u64"}) +
           entry("reverse", {".u64", ".u64"}, "st.shared.u32 [_values], %r1;", ".maxntid 64, 1, 1") +
           entry("dynamic", {".u64", ".u64"}) + entry("unset", {".u64"}) +
           entry("warps", {".u64", ".u64", ".u64", ".u64"}) + entry("halves", {".u64"}) +
           entry("count", {".u64", ".u64", ".u64"}) + entry("leaves_early", {".u32"}) +
           entry("two_barriers", {".u32"}) + entry("asks_the_absent", {".u64"}) + entry("not_in_its_mask", {".u64"}) +
           entry("writes_at", {".u64", ".u64"}) + entry("only_in_ptx", {".u64"}) + tensor_ptx();
}

// Module is the test's kernels.
struct Module {
    CUmodule handle = nullptr;

    explicit Module(const std::string &ptx = whole_ptx()) {
        CHECK_EQUAL(cuModuleLoadDataEx(&handle, ptx.c_str(), 0, nullptr, nullptr), CUDA_SUCCESS);
    }
    ~Module() { cuModuleUnload(handle); }

    CUfunction operator[](const char *name) const {
        CUfunction f = nullptr;
        CHECK_EQUAL(cuModuleGetFunction(&f, handle, name), CUDA_SUCCESS);
        return f;
    }

    // launch starts a kernel on the default stream, with a grid and a block of one dimension.
    template <typename... A>
    CUresult launch(const char *name, unsigned grid, unsigned block, unsigned shared, A... arguments) const {
        void *params[] = {&arguments...};
        return cuLaunchKernel((*this)[name], grid, 1, 1, block, 1, 1, shared, nullptr, params, nullptr);
    }
};
