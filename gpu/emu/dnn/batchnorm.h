// Batch normalisation's arithmetic: per channel over all else, in double.
#pragma once

#include "values.h"

namespace emu {

// Channels is one number per channel.
using Channels = std::vector<double>;

// Moments is a batch's mean and its biased variance, per channel. x is rows of channels.
struct Moments {
    Channels mean, variance;
};

Moments moments_of(const Values &x, size_t channels);

// normalise: y = (x - mean) invstd weight + bias.
Values normalise(const Values &x, const Channels &mean, const Channels &invstd, const float *weight, const float *bias);

// Gradients of weight, bias and x: with x^ = (x - mean) invstd over m rows,
//
//     dbias = sum dy, dweight = sum dy x^, dx = weight invstd (dy - dbias/m - x^ dweight/m).
struct Gradients {
    Channels dweight, dbias;
    Values dx;
};

Gradients gradients_of(const Values &x, const Values &dy, const Channels &mean, const Channels &invstd,
                       const float *weight);

}  // namespace emu
