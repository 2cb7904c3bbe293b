// The product of column-major matrices.
#pragma once

#include "../math/number.h"

namespace emu {

// Matrix is column-major: rows lie side by side, columns stride elements apart. Transposed ones are used as their
// transpose.
struct Matrix {
    void *at;
    cudaDataType_t type;
    int rows, columns, stride;
    bool transposed;
};

// gemm: c = alpha a b + beta c, with sums in float in the order of the inner dimension. With beta 0 c is not read. With
// tf32 the values of a and b are rounded to TF32 first.
void gemm(const Matrix &a, const Matrix &b, const Matrix &c, float alpha, float beta, bool tf32);

}  // namespace emu
