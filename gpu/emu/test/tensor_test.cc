// Tensor cores, asynchronous copies, and the order of threads.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <csignal>
#include <cstring>

#include "kernels.h"

namespace {

uint32_t bits_of(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

// Form is how a type's matrices lie in registers.
struct Form {
    const char *kernel;
    int per;                   // values of a register
    unsigned (*bits)(float v);  // one value, in the register's low end
};

const Form forms[] = {
    {"multiply_f32", 1, bits_of},
    {"multiply_f16", 2, [](float v) -> unsigned { return static_cast<__half_raw>(__float2half_rn(v)).x; }},
    {"multiply_bf16", 2, [](float v) -> unsigned { return bits_of(v) >> 16; }},
};

// some is a number that is exact in each type, another at each place.
float some(int i) { return static_cast<float>(i * 37 % 61 - 30) / 4; }

// check_product holds d = c + a b of a form, with fragments packed by the PTX manual's formulas.
void check_product(const Module &module, const Form &f) {
    const int k = 8 * f.per;
    std::vector<unsigned> a(32 * 4), b(32 * 2);
    std::vector<float> d(32 * 4);
    const auto a_value = [](int row, int column) { return some(row * 16 + column); };
    const auto b_value = [](int row, int column) { return some(row * 8 + column + 500); };
    for (int l = 0; l < 32; l++) {
        const int group = l / 4, in_group = l % 4;
        for (int i = 0; i < 4 * f.per; i++) {
            const int r = i / f.per, row = r % 2 ? group + 8 : group;
            const int column = in_group * f.per + i % f.per + (r >= 2 ? k / 2 : 0);
            a[4 * l + r] |= f.bits(a_value(row, column)) << 16 * (i % f.per);
        }
        for (int i = 0; i < 2 * f.per; i++) {
            const int row = in_group * f.per + i % f.per + (i >= f.per ? k / 2 : 0);
            b[2 * l + i / f.per] |= f.bits(b_value(row, group)) << 16 * (i % f.per);
        }
        for (int i = 0; i < 4; i++) d[4 * l + i] = some(4 * l + i);
    }
    const Array<unsigned> da(a), db(b);
    const Array<float> dd(d);
    CHECK_EQUAL(module.launch(f.kernel, 1, 32, 0, dd.at, da.at, db.at), CUDA_SUCCESS);
    const std::vector<float> got = dd.values();
    for (int l = 0; l < 32; l++)
        for (int i = 0; i < 4; i++) {
            const int row = l / 4 + (i < 2 ? 0 : 8), column = l % 4 * 2 + (i & 1);
            float want = d[4 * l + i];
            for (int j = 0; j < k; j++) want += a_value(row, j) * b_value(j, column);
            CHECK_EQUAL(got[4 * l + i], want);
        }
}

// mistake launches a wrong kernel of one block with 64 bytes of shared memory, and holds what is said of it.
void mistake(const char *name, const char *says) {
    const Outcome o = in_child({}, [=] {
        const Device device;
        const Module module;
        const Array<int> y(32);
        CHECK_EQUAL(module.launch(name, 1, 32, 64, y.at), CUDA_SUCCESS);
        CHECK_EQUAL(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    });
    CHECK(o.exited(0));
    CHECK(o.says(says));
}

// run_in runs a kernel of 64 threads a block in an order and gives its exit: 0 if wanted holds for each thread.
Outcome run_in(const char *order, const char *kernel, int (*wanted)(int t), int blocks = 1) {
    return in_child({{"RESNET_EMU_THREADS", order}}, [=] {
        const Device device;
        const Module module;
        const Array<int> y(64);
        CHECK_EQUAL(module.launch(kernel, blocks, 64, 0, y.at), CUDA_SUCCESS);
        const std::vector<int> v = y.values();
        for (int t = 0; t < 64; t++) CHECK_EQUAL(v[t], wanted(t));
    });
}

}  // namespace

TEST(products_of_each_type) {
    const Device device;
    const Module module;
    for (const Form &f : forms) check_product(module, f);
}

// A single product: its sign, subnormal numbers, infinity and NaN; and what TF32 leaves out.
TEST(products_of_special_values) {
    const Device device;
    const Module module;
    const auto product = [&](const char *kernel, unsigned x, unsigned y) {
        std::vector<unsigned> a(32 * 4), b(32 * 2);
        a[0] = x;
        b[0] = y;
        const Array<unsigned> da(a), db(b);
        const Array<float> d(std::vector<float>(32 * 4));
        CHECK_EQUAL(module.launch(kernel, 1, 32, 0, d.at, da.at, db.at), CUDA_SUCCESS);
        return d.values()[0];
    };
    CHECK_EQUAL(product("multiply_f16", 0x0001, 0x3c00), 0x1p-24f);
    CHECK_EQUAL(product("multiply_f16", 0x8001, 0x7bff), -0x1p-24f * 65504);
    CHECK(std::isinf(product("multiply_f16", 0x7c00, 0x3c00)));
    CHECK(std::isnan(product("multiply_f16", 0x7e00, 0x3c00)));
    CHECK_EQUAL(product("multiply_bf16", 0x0001, 0x3f80), 0x1p-133f);
    CHECK_EQUAL(product("multiply_f32", bits_of(1 + 0x1.ffep-11f), bits_of(-1)), -1.0f);
    CHECK_EQUAL(product("multiply_f32", bits_of(1 + 0x1p-10f), bits_of(3)), 3 + 3 * 0x1p-10f);
}

TEST(matrices_by_their_rows) {
    const Device device;
    const Module module;
    const Array<unsigned> r(12 * 32);
    CHECK_EQUAL(module.launch("loads", 1, 32, 512, r.at), CUDA_SUCCESS);
    const std::vector<unsigned> got = r.values();
    for (int i = 0; i < 12; i++)
        for (unsigned l = 0; l < 32; l++) {
            const unsigned matrix = i < 8 ? i % 4 : i % 2, first = 64 * matrix, g = l / 4, t = 2 * (l % 4);
            const bool transposed = i / 4 == 1 || i >= 10;
            const unsigned low = transposed ? first + 8 * t + g : first + 8 * g + t;
            const unsigned high = transposed ? first + 8 * (t + 1) + g : first + 8 * g + t + 1;
            CHECK_EQUAL(got[32 * i + l], low | high << 16);
        }
}

TEST(static_arrays_of_templates_are_shared) {
    const Device device;
    const Module module;
    const Array<unsigned> r(32);
    CHECK_EQUAL(module.launch("template_array", 1, 32, 0, r.at), CUDA_SUCCESS);
    CHECK_EQUAL(r.values()[5], 10u | 11u << 16);
}

TEST(copies_come_when_they_are_waited_for) {
    const Device device;
    const Module module;
    const Array<float> x(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}), y(24);
    CHECK_EQUAL(module.launch("copies", 1, 1, 32, y.at, x.at), CUDA_SUCCESS);
    const std::vector<float> v = y.values();
    for (int i = 0; i < 24; i++) CHECK_EQUAL(v[i], i % 8 < 4 * (i / 8) ? i % 8 + 1.0f : -1.0f);
}

TEST(mistakes_of_a_warp) {
    mistake("not_shared", "emu: not_shared: thread 0: ldmatrix: the 16 bytes at");
    mistake("not_aligned", "thread 0: ldmatrix_transposed: ");
    mistake("not_all_lanes", "warp 0 comes to mma at");
    mistake("not_the_same_step", "thread 16 is at ldmatrix of");
}

TEST(dynamic_shared_memory_has_an_end) {
    const auto run = [](unsigned bytes) {
        return in_child({}, [=] {
            const Device device;
            const Module module;
            const Array<int> y(1);
            CHECK_EQUAL(module.launch("past_dynamic", 1, 32, bytes, y.at), CUDA_SUCCESS);
            CHECK_EQUAL(cuCtxSynchronize(), CUDA_SUCCESS);
        });
    };
    CHECK(run(128).exited(0));
    CHECK(run(112).killed(SIGSEGV));
}

// One order hides what another shows.
TEST(a_missing_barrier_shows_in_some_order) {
    const auto previous = [](int t) { return (t + 63) % 64; };
    CHECK(run_in("forward", "rotated", previous).exited(1));
    CHECK(run_in("reverse", "rotated", previous).exited(1));
    CHECK(run_in("shuffle", "rotated", previous).exited(1));
    const auto one = [](int) { return 1; };
    CHECK(run_in("forward", "overtaken", one).exited(0));
    CHECK(run_in("reverse", "overtaken", one).exited(1));
    CHECK(run_in("shuffle", "overtaken", one).exited(1));
}

TEST(blocks_run_in_order) {
    CHECK(run_in("forward", "last_block", [](int) { return 9; }, 10).exited(0));
    CHECK(run_in("reverse", "last_block", [](int) { return 0; }, 10).exited(0));
    CHECK(run_in("shuffle", "last_block", [](int) { return 9; }, 10).exited(1));
}

// Each block runs once, and each thread of it, whatever the order.
TEST(all_run_in_every_order) {
    for (const char *order : {"forward", "reverse", "shuffle"}) {
        const Outcome o = in_child({{"RESNET_EMU_THREADS", order}}, [] {
            const Device device;
            const Module module;
            const Array<int> sum(std::vector<int>{0}), total(std::vector<int>{0});
            const Array<unsigned> done(std::vector<unsigned>{0});
            for (const int blocks : {1, 2, 3, 8, 60}) {
                CHECK_EQUAL(cuMemsetD32Async(sum.at, 0, 1, nullptr), CUDA_SUCCESS);
                CHECK_EQUAL(cuMemsetD32Async(done.at, 0, 1, nullptr), CUDA_SUCCESS);
                CHECK_EQUAL(module.launch("count", blocks, 83, 0, sum.at, done.at, total.at), CUDA_SUCCESS);
                CHECK_EQUAL(total.values()[0], blocks * 83);
            }
        });
        CHECK(o.exited(0));
    }
}

TEST(an_order_that_is_none) {
    const Outcome o = run_in("sideways", "rotated", [](int) { return 0; });
    CHECK(o.exited(2));
    CHECK(o.says("want forward, reverse or shuffle"));
}
