// The product that convolutions and GEMM are made of.
#pragma once

#include <cstddef>

namespace emu {

// Left is a matrix by the distances between its rows and between the values along the sum.
struct Left {
    const float *at;
    ptrdiff_t row, along;
};

// Right and Sum are matrices whose columns lie side by side.
struct Right {
    const float *at;
    ptrdiff_t row;
};

struct Sum {
    float *at;
    ptrdiff_t row;
};

// multiply_add: c[i][j] += sum over k of a[i][k] b[k][j], for i < rows, j < columns, k < depth. Products are rounded,
// added one by one in parts of 64, and the parts added to c from k = 0 on: as sharp as what a GPU's kernels do in
// slices, and the same on every processor.
void multiply_add(int rows, int columns, int depth, Left a, Right b, Sum c);

}  // namespace emu
