// Numbers of the three element types, read and written as float.
#pragma once

#include <library_types.h>

#include <cstddef>

namespace emu {

// read_number is element i of an array of CUDA_R_32F, CUDA_R_16F or CUDA_R_16BF.
float read_number(cudaDataType_t type, const void *array, size_t i);

// write_number rounds to nearest even.
void write_number(cudaDataType_t type, void *array, size_t i, float value);

// number_bytes is an element's size.
size_t number_bytes(cudaDataType_t type);

// to_tf32 rounds to TF32, 10 bits of mantissa, half away from zero, as tensor cores' inputs are.
float to_tf32(float value);

}  // namespace emu
