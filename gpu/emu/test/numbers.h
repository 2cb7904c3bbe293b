// Values of the three element types in device memory, and random ones.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <library_types.h>

#include <random>

#include "device.h"

constexpr cudaDataType_t kTypes[] = {CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF};

// precision is the most that rounding to a type changes a value, relative to it.
inline double precision(cudaDataType_t type) {
    return type == CUDA_R_32F ? 0x1p-24 : type == CUDA_R_16F ? 0x1p-11 : 0x1p-8;
}

// Numbers is an array of one type in device memory with the values that it holds, in double.
struct Numbers {
    cudaDataType_t type;
    Array<char> memory;
    size_t n;

    Numbers(cudaDataType_t t, size_t count) : type(t), memory(count * bytes(t)), n(count) {}
    Numbers(cudaDataType_t t, const std::vector<double> &values) : Numbers(t, values.size()) {
        std::vector<char> host(n * bytes(type));
        for (size_t i = 0; i < n; i++) {
            const float v = static_cast<float>(values[i]);
            if (type == CUDA_R_32F) reinterpret_cast<float *>(host.data())[i] = v;
            if (type == CUDA_R_16F) reinterpret_cast<__half *>(host.data())[i] = __float2half(v);
            if (type == CUDA_R_16BF) reinterpret_cast<__nv_bfloat16 *>(host.data())[i] = __float2bfloat16(v);
        }
        CHECK_EQUAL(cuMemcpyHtoD(memory.at, host.data(), host.size()), CUDA_SUCCESS);
    }

    static size_t bytes(cudaDataType_t type) { return type == CUDA_R_32F ? 4 : 2; }
    void *pointer() const { return memory.pointer(); }

    std::vector<double> values() const {
        const std::vector<char> host = memory.values();
        std::vector<double> v(n);
        for (size_t i = 0; i < n; i++) {
            if (type == CUDA_R_32F) v[i] = reinterpret_cast<const float *>(host.data())[i];
            if (type == CUDA_R_16F) v[i] = __half2float(reinterpret_cast<const __half *>(host.data())[i]);
            if (type == CUDA_R_16BF) v[i] = __bfloat162float(reinterpret_cast<const __nv_bfloat16 *>(host.data())[i]);
        }
        return v;
    }
};

// random_values is n values from -1 to 1, the same in each run.
inline std::vector<double> random_values(size_t n, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    std::vector<double> v(n);
    for (double &x : v) x = uniform(random);
    return v;
}

// check_all compares arrays value by value.
inline void check_all(const char *what, const std::vector<double> &got, const std::vector<double> &want,
                      double tolerance) {
    CHECK_EQUAL(got.size(), want.size());
    for (size_t i = 0; i < got.size(); i++)
        if (!(std::fabs(got[i] - want[i]) <= tolerance * (1 + std::fabs(want[i]))))
            failed(__FILE__, __LINE__,
                   std::string(what) + "[" + std::to_string(i) + "]: " + std::to_string(got[i]) + ", want " +
                       std::to_string(want[i]));
}
