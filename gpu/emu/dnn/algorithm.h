// Which algorithms there are for a convolution, and what each needs.
#pragma once

#include "convolution.h"

namespace emu {

enum class Pass { forward, backward_data, backward_filter };

// Problem is a convolution whose descriptors fit each other.
struct Problem {
    Geometry geometry;
    cudnnTensorStruct x, w, y;  // or their gradients
    cudnnMathType_t math;
};

// problem_of checks the descriptors.
Problem problem_of(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t convolution,
                   cudnnTensorDescriptor_t y);

// Algorithm is an entry of the list that cudnnGetConvolution...Algorithm_v7 gives. The order, best first, is fixed, and
// puts what a caller should not take too readily before what it should: sums that differ from run to run, and tensor
// cores.
struct Algorithm {
    int id;
    bool tensor_cores, deterministic, supported;
};

std::vector<Algorithm> algorithms(Pass pass, const Problem &p);

// math_of is the math type that the list names for an entry.
cudnnMathType_t math_of(const Algorithm &a, const Problem &p);

// workspace_bytes is what an algorithm needs with the problem's math type. It refuses an algorithm that cannot do it.
size_t workspace_bytes(Pass pass, const Problem &p, int id);

// is_deterministic says so of an algorithm.
bool is_deterministic(Pass pass, int id);

// rounds_to_tf32 says whether an algorithm takes float inputs through tensor cores.
bool rounds_to_tf32(const Problem &p, int id);

}  // namespace emu
