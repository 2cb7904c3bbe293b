// Tensor cores: products of small matrices, which a warp holds as fragments, and the loads of these. For compute
// capability 8.0 and later.
//
// Fragments are those of the PTX ISA ("Matrix fragments for mma.m16n8k16" and its neighbours). Lane l holds, with
// g = l/4 and t = l%4,
//
//     d  16 x 8   (g, 2t) (g, 2t+1) (g+8, 2t) (g+8, 2t+1)
//     a  16 x k   rows g and g+8: one register each for the first half of k, then one each for the second half
//     b   k x 8   column g: one register for each half of k
//
// A half of k has 4 TF32 values or 8 values of 16 bits. A register of a or b holds the TF32 at t of its half, or the
// pair of 16-bit values at 2t and 2t+1. All 32 lanes of a warp must call these functions, except those that copy.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

// Product<T>::k is k of one mma, the length of its sums. float is multiplied as TF32: the hardware reads only the upper
// 19 bits, so round the operands with to_tf32, or they are truncated.
template <typename T> struct Product {
    static constexpr int k = 32 / sizeof(T);
};

#ifdef __CUDACC__

// mma computes d += a b. The last argument only selects the type.
__device__ inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], float) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], __half) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], __nv_bfloat16) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline unsigned shared_address(const void *p) { return static_cast<unsigned>(__cvta_generic_to_shared(p)); }

// ldmatrix loads one 8 x 8 matrix of 16-bit values per register of r. The rows, 16 bytes each, lie anywhere in shared
// memory at multiples of 16 bytes: lane l passes the address of row l%8 of matrix l/8. A lane receives the values 2t
// and 2t+1 of row g of each matrix; with ldmatrix_transposed those of column g. A matrix of floats has 8 rows of 4:
// ldmatrix gives a lane value t of row g.
__device__ inline void ldmatrix(unsigned (&r)[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ inline void ldmatrix(unsigned (&r)[2], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ inline void ldmatrix_transposed(unsigned (&r)[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ inline void ldmatrix_transposed(unsigned (&r)[2], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

// to_tf32 rounds to the nearest TF32, ties away from zero.
__device__ inline float to_tf32(float v) {
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(v));
    return __uint_as_float(bits);
}

// copy_async starts to copy 16 bytes to shared memory, bypassing the L1 cache; both addresses are multiples of 16.
// copy_commit groups the copies that the thread has started since the last group. copy_wait waits for all groups of the
// thread but the last N. It makes the copies visible to this thread only; other threads need a barrier after it.
__device__ inline void copy_async(void *shared16, const void *global16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(shared16)),
                 "l"(__cvta_generic_to_global(global16))
                 : "memory");
}

__device__ inline void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int N> __device__ inline void copy_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

#else

using emu::copy_async;
using emu::copy_commit;
using emu::copy_wait;
using emu::ldmatrix;
using emu::ldmatrix_transposed;
using emu::mma;
using emu::to_tf32;

#endif
