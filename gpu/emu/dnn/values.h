// Tensors in device memory as dense arrays of float.
#pragma once

#include <vector>

#include "dnn.h"

namespace emu {

using Values = std::vector<float>;

// load reads a tensor in the order N, H, W, C; with tf32 each value is rounded to TF32.
Values load(const cudnnTensorStruct &t, const void *from, bool tf32 = false);

// store writes alpha values + beta old, rounded to the tensor's type. With beta 0 what was there is not read.
void store(const cudnnTensorStruct &t, void *to, const Values &values, Blend blend);

}  // namespace emu
