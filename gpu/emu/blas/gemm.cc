#include "gemm.h"

#include <vector>

#include "../math/tile.h"

namespace emu {
namespace {

// columns_of is the matrix as it is used, column by column.
std::vector<float> columns_of(const Matrix &m, bool tf32) {
    const int rows = m.transposed ? m.columns : m.rows, columns = m.transposed ? m.rows : m.columns;
    std::vector<float> values;
    values.reserve(static_cast<size_t>(rows) * columns);
    for (int j = 0; j < columns; j++)
        for (int i = 0; i < rows; i++) {
            const size_t at =
                m.transposed ? static_cast<size_t>(i) * m.stride + j : static_cast<size_t>(j) * m.stride + i;
            const float v = read_number(m.type, m.at, at);
            values.push_back(tf32 ? to_tf32(v) : v);
        }
    return values;
}

}  // namespace

void gemm(const Matrix &a, const Matrix &b, const Matrix &c, float alpha, float beta, bool tf32) {
    const int inner = a.transposed ? a.rows : a.columns;
    const std::vector<float> left = columns_of(a, tf32), right = columns_of(b, tf32);
    std::vector<float> product(static_cast<size_t>(c.rows) * c.columns);
    // Read as row-major, a column-major matrix is its transpose: this is cT = bT aT.
    multiply_add(c.columns, c.rows, inner, {right.data(), inner, 1}, {left.data(), c.rows}, {product.data(), c.rows});
    size_t i = 0;
    for (int column = 0; column < c.columns; column++)
        for (int row = 0; row < c.rows; row++) {
            const size_t at = static_cast<size_t>(column) * c.stride + row;
            const float v = alpha * product[i++];
            write_number(c.type, c.at, at, beta == 0 ? v : v + beta * read_number(c.type, c.at, at));
        }
}

}  // namespace emu
