#include "mma.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "report.h"
#include "shared.h"
#include "warp.h"

namespace emu {
namespace {

constexpr int kM = 16, kN = 8;

// Fragments are what a lane brings to a product.
struct Fragments {
    float (&d)[4];
    const unsigned (&a)[4], (&b)[2];
};

float from_bits(uint32_t bits) {
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

// The element types: how many lie in a register, and the i-th of it as float.
struct Tf32 {
    static constexpr int per_register = 1;
    static float value(unsigned r, int) { return from_bits(r & 0xffffe000); }
};

struct Bf16 {
    static constexpr int per_register = 2;
    static float value(unsigned r, int i) { return from_bits(i ? r & 0xffff0000 : r << 16); }
};

struct Fp16 {
    static constexpr int per_register = 2;
    // The exponents' biases differ by 112; infinity and NaN have the largest of both.
    static float value(unsigned r, int i) {
        const uint32_t h = i ? r >> 16 : r & 0xffff, magnitude = (h & 0x7fff) << 13, sign = (h & 0x8000) << 16;
        const float v = magnitude >= 0x0f800000 ? from_bits(magnitude | 0x7f800000) : from_bits(magnitude) * 0x1p112f;
        return sign ? -v : v;
    }
};

// Line is a row of b or d.
typedef float Line __attribute__((vector_size(kN * sizeof(float))));

// add_products: d += a b, the sums of four rows side by side, as each of their additions waits for the one before.
template <int K> void add_products(Line (&d)[kM], const float (&a)[kM][K], const Line (&b)[K]) {
    for (int m = 0; m < kM; m += 4) {
        Line sum[4] = {d[m], d[m + 1], d[m + 2], d[m + 3]};
        for (int k = 0; k < K; k++)
            for (int i = 0; i < 4; i++) sum[i] += a[m + i][k] * b[k];
        for (int i = 0; i < 4; i++) d[m + i] = sum[i];
    }
}

// product gathers the fragments, multiplies and hands the result out. Lane l has rows l/4 and l/4 + 8 of a and d,
// column l/4 of b, and columns 2(l%4), 2(l%4)+1 of d; along k it has what lies at l%4 in each half, in registers.
template <typename E> void product(void *const (&lanes)[kWarp]) {
    constexpr int per = E::per_register, half = 4 * per;
    float a[kM][2 * half];
    Line b[2 * half], d[kM];
    for (int l = 0; l < kWarp; l++) {
        const Fragments &f = *static_cast<const Fragments *>(lanes[l]);
        const int row = l / 4, k = l % 4 * per;
        for (int i = 0; i < per; i++) {
            for (int r = 0; r < 4; r++) a[row + r % 2 * 8][k + r / 2 * half + i] = E::value(f.a[r], i);
            for (int r = 0; r < 2; r++) b[k + r * half + i][row] = E::value(f.b[r], i);
        }
        for (int i = 0; i < 4; i++) d[row + i / 2 * 8][l % 4 * 2 + i % 2] = f.d[i];
    }
    add_products(d, a, b);
    for (int l = 0; l < kWarp; l++)
        for (int i = 0; i < 4; i++)
            static_cast<const Fragments *>(lanes[l])->d[i] = d[l / 4 + i / 2 * 8][l % 4 * 2 + i % 2];
    count("mma", doing_now());
}

template <typename E> void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], Place place) {
    Fragments f{d, a, b};
    together(place, "mma", product<E>, &f);
}

// Rows is what a lane brings to ldmatrix.
struct Rows {
    unsigned *r;
    const void *row;
};

// conflicts is how many more times than once the memory must be read for a matrix: rows whose places agree modulo the
// 128 bytes of all banks wait for each other.
int conflicts(void *const *lanes) {
    int rows[8] = {}, most = 1;
    for (int i = 0; i < 8; i++) {
        const void *const row = static_cast<const Rows *>(lanes[i])->row;
        const bool known = std::any_of(
            lanes, lanes + i, [&](const void *other) { return static_cast<const Rows *>(other)->row == row; });
        if (!known) most = std::max(most, ++rows[reinterpret_cast<uintptr_t>(row) / sizeof(uint4) % 8]);
    }
    return most - 1;
}

template <int N, bool transposed> void matrices(void *const (&lanes)[kWarp]) {
    for (int i = 0; i < N; i++) {
        if (counting()) {
            count("ldmatrix", doing_now(), 8 * sizeof(uint4));
            for (int more = conflicts(lanes + 8 * i); more > 0; more--) count("conflict", doing_now());
        }
        uint16_t x[8][8];
        for (int row = 0; row < 8; row++)
            memcpy(x[row], static_cast<const Rows *>(lanes[i * 8 + row])->row, sizeof x[row]);
        for (int l = 0; l < kWarp; l++) {
            const int row = l / 4, column = l % 4 * 2;
            const uint32_t low = transposed ? x[column][row] : x[row][column];
            const uint32_t high = transposed ? x[column + 1][row] : x[row][column + 1];
            static_cast<const Rows *>(lanes[l])->r[i] = low | high << 16;
        }
    }
}

template <int N, bool transposed> void load(unsigned (&r)[N], const void *row, Place place) {
    constexpr const char *name = transposed ? "ldmatrix_transposed" : "ldmatrix";
    if (current_lane() < 8 * N) require_shared(row, name);
    Rows rows{r, row};
    together(place, name, matrices<N, transposed>, &rows);
}

}  // namespace

void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], float, Place p) { multiply<Tf32>(d, a, b, p); }

void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], __half, Place p) { multiply<Fp16>(d, a, b, p); }

void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], __nv_bfloat16, Place p) {
    multiply<Bf16>(d, a, b, p);
}

void ldmatrix(unsigned (&r)[4], const void *row, Place p) { load<4, false>(r, row, p); }
void ldmatrix(unsigned (&r)[2], const void *row, Place p) { load<2, false>(r, row, p); }
void ldmatrix_transposed(unsigned (&r)[4], const void *row, Place p) { load<4, true>(r, row, p); }
void ldmatrix_transposed(unsigned (&r)[2], const void *row, Place p) { load<2, true>(r, row, p); }

}  // namespace emu
