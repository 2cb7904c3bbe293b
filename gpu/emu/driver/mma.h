// Tensor cores: the instructions of kernels/cuda/src/mma.cuh, in which a warp holds matrices as fragments (PTX ISA,
// "Matrix fragments for mma.m16n8k16" and its neighbours).
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "block.h"

namespace emu {

// mma: d (16 x 8) += a (16 x k) b (k x 8), k 8 for TF32 and 16 for the others, added one product after another from the
// first on. Products are exact; of TF32 the low 13 bits do not count.
void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], float, Place place = here());
void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], __half, Place place = here());
void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], __nv_bfloat16, Place place = here());

// ldmatrix: as many matrices of 8 x 8 16-bit values as r has registers. Lane l gives the address of row l%8 of matrix
// l/8 and gets values 2(l%4) and 2(l%4)+1 of row l/4 of each; transposed, of each matrix's transpose.
void ldmatrix(unsigned (&r)[4], const void *row, Place place = here());
void ldmatrix(unsigned (&r)[2], const void *row, Place place = here());
void ldmatrix_transposed(unsigned (&r)[4], const void *row, Place place = here());
void ldmatrix_transposed(unsigned (&r)[2], const void *row, Place place = here());

}  // namespace emu
