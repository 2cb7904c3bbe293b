// Kernels of tensor cores and asynchronous copies, a part of kernels.cu.
#include "../../../kernels/cuda/src/mma.cuh"

// multiply: d = c + a b for one warp, whose fragments lie in memory lane by lane.
template <typename T> static void multiply(float *d, const unsigned *a, const unsigned *b) {
    const unsigned l = threadIdx.x;
    float sum[4];
    unsigned a_part[4], b_part[2];
    for (int i = 0; i < 4; i++) sum[i] = d[4 * l + i];
    for (int i = 0; i < 4; i++) a_part[i] = a[4 * l + i];
    for (int i = 0; i < 2; i++) b_part[i] = b[2 * l + i];
    mma(sum, a_part, b_part, T());
    for (int i = 0; i < 4; i++) d[4 * l + i] = sum[i];
}

KERNEL(multiply_f32, (float *d, const unsigned *a, const unsigned *b)) { multiply<float>(d, a, b); }
KERNEL(multiply_f16, (float *d, const unsigned *a, const unsigned *b)) { multiply<__half>(d, a, b); }
KERNEL(multiply_bf16, (float *d, const unsigned *a, const unsigned *b)) { multiply<__nv_bfloat16>(d, a, b); }

// loads writes what each lane gets of four matrices whose values are their places, 32 lines of 8, in all four ways.
KERNEL(loads, (unsigned *r)) {
    DYNAMIC_SHARED(uint16_t, values);
    const unsigned l = threadIdx.x;
    for (int i = 0; i < 8; i++) values[8 * l + i] = 8 * l + i;
    __syncwarp();
    unsigned four[4], two[2];
    ldmatrix(four, values + 8 * l);
    for (int i = 0; i < 4; i++) r[i * 32 + l] = four[i];
    ldmatrix_transposed(four, values + 8 * l);
    for (int i = 0; i < 4; i++) r[(4 + i) * 32 + l] = four[i];
    // Of lanes 16 to 31 the address does not count.
    ldmatrix(two, l < 16 ? values + 8 * l : nullptr);
    for (int i = 0; i < 2; i++) r[(8 + i) * 32 + l] = two[i];
    ldmatrix_transposed(two, l < 16 ? values + 8 * l : nullptr);
    for (int i = 0; i < 2; i++) r[(10 + i) * 32 + l] = two[i];
}

// template_array loads from a static array of a template.
template <typename T> static void from_static(unsigned *r) {
    alignas(16) __shared__ T values[16];
    if (threadIdx.x < 16) values[threadIdx.x] = threadIdx.x;
    __syncwarp();
    unsigned two[2];
    ldmatrix(two, values + threadIdx.x % 2 * 8);
    r[threadIdx.x] = two[0];
}
KERNEL(template_array, (unsigned *r)) { from_static<uint16_t>(r); }

// copies begins two groups of copies of x and writes what is there after waiting for all but two, one and none of them.
KERNEL(copies, (float *y, const float *x)) {
    DYNAMIC_SHARED(float, values);
    const auto look = [&](int at) {
        for (int i = 0; i < 8; i++) y[8 * at + i] = values[i];
    };
    for (int i = 0; i < 8; i++) values[i] = -1;
    copy_async(values, x);
    copy_commit();
    copy_async(values + 4, x + 4);
    copy_commit();
    copy_wait<2>();
    look(0);
    copy_wait<1>();
    look(1);
    copy_wait<0>();
    look(2);
}

// rotated gives each thread the value of the one after it, without the barrier that it needs.
KERNEL(rotated, (int *y)) {
    __shared__ int values[64];
    const unsigned t = threadIdx.x;
    values[t] = t;
    y[t] = values[(t + 63) % 64];
}

// overtaken sums a value over each warp in two rounds, without the barrier between a round's reading and the next
// round's writing.
KERNEL(overtaken, (int *y)) {
    __shared__ int values[64];
    const unsigned t = threadIdx.x;
    int sum = 0;
    for (int round = 0; round < 2; round++) {
        values[t] = round;
        __syncthreads();
        sum += __shfl_xor_sync(0xffffffff, values[t ^ 32], 1);
    }
    y[t] = sum;
}

// crowded loads rows that lie all in the same banks, and then one row eight times.
KERNEL(crowded, (unsigned *r)) {
    DYNAMIC_SHARED(uint16_t, values);
    for (int i = 0; i < 16; i++) values[16 * threadIdx.x + i] = i;
    __syncwarp();
    unsigned two[2];
    ldmatrix(two, values + (threadIdx.x < 8 ? threadIdx.x * 64 : 0));
    r[threadIdx.x] = two[0];
}

// last_block leaves the number of the block that runs last.
KERNEL(last_block, (int *y)) { y[threadIdx.x] = blockIdx.x; }

// The rest are mistakes.
KERNEL(not_shared, (unsigned *r)) {
    unsigned two[2];
    ldmatrix(two, r);
}

KERNEL(not_aligned, (unsigned *r)) {
    DYNAMIC_SHARED(char, values);
    unsigned two[2];
    ldmatrix_transposed(two, values + 2);
    r[0] = two[0];
}

KERNEL(not_all_lanes, (float *y)) {
    float d[4] = {};
    const unsigned a[4] = {}, b[2] = {};
    if (threadIdx.x != 5) mma(d, a, b, __half());
    y[0] = d[0];
}

KERNEL(not_the_same_step, (float *y)) {
    DYNAMIC_SHARED(uint16_t, values);
    float d[4] = {};
    unsigned a[4] = {}, b[2] = {};
    if (threadIdx.x < 16) mma(d, a, b, __half());
    else ldmatrix(b, values);
    y[0] = d[0];
}

KERNEL(past_dynamic, (int *y)) {
    DYNAMIC_SHARED(int, values);
    values[threadIdx.x] = 1;
    *y = values[0];
}
