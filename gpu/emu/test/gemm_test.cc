// cuBLAS against plain loops.
#include <cublas_v2.h>

#include "numbers.h"

namespace {

struct Handle {
    cublasHandle_t handle;

    Handle() { CHECK_EQUAL(cublasCreate(&handle), CUBLAS_STATUS_SUCCESS); }
    ~Handle() { cublasDestroy(handle); }
};

// Product is c = 2 op(a) op(b) - 0.5 c of sizes m, n, k, with columns that lie further apart than they must.
struct Product {
    bool transpose_a, transpose_b;
    int m, n, k;
    cudaDataType_t type, type_c;
    cublasComputeType_t compute = CUBLAS_COMPUTE_32F;

    int lda() const { return (transpose_a ? k : m) + 3; }
    int ldb() const { return (transpose_b ? n : k) + 1; }
    int ldc() const { return m + 2; }

    cublasStatus_t run(cublasHandle_t h, const Numbers &a, const Numbers &b, const Numbers &c) const {
        const float alpha = 2, beta = -0.5;
        return cublasGemmEx(h, transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, m, n,
                            k, &alpha, a.pointer(), type, lda(), b.pointer(), type, ldb(), &beta, c.pointer(), type_c,
                            ldc(), compute, CUBLAS_GEMM_DEFAULT);
    }

    // check runs it and compares with sums in double.
    void check(double tolerance) const {
        const Handle h;
        const Numbers a(type, random_values(lda() * (transpose_a ? m : k), 1)),
            b(type, random_values(ldb() * (transpose_b ? k : n), 2)), c(type_c, random_values(ldc() * n, 3));
        const std::vector<double> av = a.values(), bv = b.values();
        std::vector<double> want = c.values();
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++) {
                double sum = 0;
                for (int p = 0; p < k; p++)
                    sum += (transpose_a ? av[i * lda() + p] : av[p * lda() + i]) *
                           (transpose_b ? bv[p * ldb() + j] : bv[j * ldb() + p]);
                want[j * ldc() + i] = 2 * sum - 0.5 * want[j * ldc() + i];
            }
        CHECK_EQUAL(run(h.handle, a, b, c), CUBLAS_STATUS_SUCCESS);
        check_all("c", c.values(), want, tolerance);
    }
};

}  // namespace

TEST(products_of_all_types) {
    const Device device;
    for (const cudaDataType_t type : kTypes)
        for (const cudaDataType_t type_c : {type, CUDA_R_32F})
            for (int t = 0; t < 4; t++)
                // Float sums of 37 products, then one rounding to the type of c.
                Product{(t & 1) != 0, (t & 2) != 0, 21, 18, 37, type, type_c}.check(2 * 37 * 0x1p-24 +
                                                                                    precision(type_c));
}

TEST(tf32_rounds_the_inputs) {
    const Device device;
    Product p{false, false, 1, 1, 1, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32};
    const Handle h;
    // 1 + 2^-11 is half a step of TF32's 10 bits of mantissa and goes up.
    const Numbers a(CUDA_R_32F, std::vector<double>(p.lda(), 1 + 0x1p-11)),
        b(CUDA_R_32F, std::vector<double>(p.ldb(), 1 + 0x1p-12));
    const Numbers c(CUDA_R_32F, std::vector<double>(p.ldc(), 0));
    CHECK_EQUAL(p.run(h.handle, a, b, c), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(c.values()[0], 2 * (1 + 0x1p-10));
    p.compute = CUBLAS_COMPUTE_32F_PEDANTIC;
    const Numbers d(CUDA_R_32F, std::vector<double>(p.ldc(), 0));
    CHECK_EQUAL(p.run(h.handle, a, b, d), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(d.values()[0], 2.0 * static_cast<float>((1 + 0x1p-11) * (1 + 0x1p-12)));
}

TEST(beta_0_does_not_read_c) {
    const Device device;
    const Handle h;
    const Numbers one(CUDA_R_32F, std::vector<double>{1}), c(CUDA_R_32F, 1);
    const float alpha = 3, beta = 0;
    CHECK_EQUAL(
        cublasGemmEx(h.handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &alpha, one.pointer(), CUDA_R_32F, 1, one.pointer(),
                     CUDA_R_32F, 1, &beta, c.pointer(), CUDA_R_32F, 1, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
        CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(c.values()[0], 3.0);
}

TEST(a_captured_product_wants_a_workspace) {
    const Device device;
    Stream stream;
    const Handle h;
    const Product p{false, false, 2, 2, 2, CUDA_R_32F, CUDA_R_32F};
    const Numbers a(CUDA_R_32F, std::vector<double>(64, 1)), b(CUDA_R_32F, std::vector<double>(64, 1)),
        c(CUDA_R_32F, std::vector<double>(64, 0));
    const Array<char> workspace(1024);
    CUgraph graph;
    const auto captured = [&] {
        CHECK_EQUAL(cuStreamBeginCapture(stream.handle, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
        const cublasStatus_t status = p.run(h.handle, a, b, c);
        const CUresult end = cuStreamEndCapture(stream.handle, &graph);
        CHECK_EQUAL(end == CUDA_SUCCESS, status == CUBLAS_STATUS_SUCCESS);
        return status;
    };
    CHECK_EQUAL(cublasSetWorkspace(h.handle, workspace.pointer(), 1024), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(captured(), CUBLAS_STATUS_EXECUTION_FAILED);  // the handle is still the default stream's
    CHECK_EQUAL(cublasSetStream(h.handle, stream.handle), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(captured(), CUBLAS_STATUS_EXECUTION_FAILED);  // that took the workspace away
    CHECK_EQUAL(cublasSetWorkspace(h.handle, static_cast<char *>(workspace.pointer()) + 16, 512),
                CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(cublasSetWorkspace(h.handle, workspace.pointer(), 1025), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(cublasSetWorkspace(h.handle, workspace.pointer(), 1024), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(captured(), CUBLAS_STATUS_SUCCESS);
}

TEST(products_that_make_no_sense) {
    const Device device;
    const Handle h;
    const float one = 1;
    const Numbers a(CUDA_R_32F, 64), c(CUDA_R_32F, 64);
    const auto product = [&](int m, int n, int k, const void *x, int lda, void *y, cudaDataType_t type,
                             cublasComputeType_t compute) {
        return cublasGemmEx(h.handle, CUBLAS_OP_N, CUBLAS_OP_N, m, n, k, &one, x, type, lda, a.pointer(), type, k, &one,
                            y, type, m, compute, CUBLAS_GEMM_DEFAULT);
    };
    char *const x = static_cast<char *>(a.pointer());
    const auto fp32 = [&](int m, int n, int k, const void *from, int lda, void *to) {
        return product(m, n, k, from, lda, to, CUDA_R_32F, CUBLAS_COMPUTE_32F);
    };
    CHECK_EQUAL(fp32(8, 8, 8, x, 8, c.pointer()), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(fp32(8, 8, 9, x, 8, c.pointer()), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(fp32(8, 0, 8, x, 8, c.pointer()), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(fp32(8, 8, 8, x, 7, c.pointer()), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(fp32(4, 4, 4, x + 4, 4, c.pointer()), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(fp32(4, 4, 4, x, 4, x + 32), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(fp32(4, 4, 4, nullptr, 4, c.pointer()), CUBLAS_STATUS_INVALID_VALUE);
    CHECK_EQUAL(product(4, 4, 4, x, 4, c.pointer(), CUDA_R_64F, CUBLAS_COMPUTE_64F), CUBLAS_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(product(4, 4, 4, x, 4, c.pointer(), CUDA_R_16F, CUBLAS_COMPUTE_32F_FAST_TF32),
                CUBLAS_STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(cublasDestroy(reinterpret_cast<cublasHandle_t>(x)), CUBLAS_STATUS_INVALID_VALUE);
}

TEST(the_version) {
    int major = 0, minor = 0, patch = 0;
    CHECK_EQUAL(cublasGetProperty(MAJOR_VERSION, &major), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(cublasGetProperty(MINOR_VERSION, &minor), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(cublasGetProperty(PATCH_LEVEL, &patch), CUBLAS_STATUS_SUCCESS);
    CHECK_EQUAL(10000 * major + 100 * minor + patch, 130002);
}
