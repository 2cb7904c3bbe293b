// What batch normalisation's passes over the activations leave behind per chunk of rows and channel.
#pragma once

// Moments are a chunk's mean and its sum of squared differences from that mean.
struct Moments {
    double mean, m2;
};

// GradSums are a chunk's sums of g and of g*(x-mean), with g the gradient behind the ReLU.
struct GradSums {
    float g, gx;
};
