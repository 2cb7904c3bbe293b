// Batch normalisation whose output is never stored: kernels that read the output compute it from the norm's input x
// and its state. The last block of a grid computes the state from the partial sums of all blocks.
//
// The state of a norm of c channels is float32[8*c], rows of c, in the order of NormRow:
//
//     h = fmaf(x, scale, shift), with ReLU max(h, 0)
//     dx = fmaf(g, a, fmaf(x - mean, b, k)), where g is the gradient of h, masked by the ReLU
//
// Sums over activations are completed in double and in a fixed order. c is a multiple of 8.
#pragma once

#include "last_block.cuh"
#include "moments.cuh"

enum NormRow : unsigned { norm_scale, norm_shift, norm_mean, norm_invstd, norm_a, norm_b, norm_k };

// NormForward is what finish_forward reads and writes: the state, the parameters and the running statistics. If norm is
// null, there are no statistics to compute. Kernels take it by value; Go's NormForward mirrors it.
struct NormForward {
    float *norm;
    const float *weight, *bias;
    float *running_mean, *running_var;
    double eps, momentum;
};

// NormBackward is what finish_backward reads and writes: the state, the weight, and the gradients of weight and bias.
// input is the norm's x. Kernels take it by value; Go's NormBackward mirrors it.
struct NormBackward {
    float *norm;
    const float *weight;
    float *dweight, *dbias;
    const void *input;
    Flag relu;
};

// NormEntry is one of the norms that norm_inference prepares. Go's NormEntry mirrors it.
struct NormEntry {
    const float *weight, *bias, *running_mean, *running_var;
    float *norm;
    double eps;
    unsigned c, unused;
};

// PartMoments are the mean of one block's values of a channel, and the sum of their squared differences from it.
struct PartMoments {
    float mean, m2;
};

// RoundRobinRows is the number of rows of each block, where `parts` blocks take tiles of rows in turn: block i takes
// the tiles i, i + parts, ... The last tile may be partial.
struct RoundRobinRows {
    unsigned rows, tile, parts;
    __device__ double operator()(unsigned i) const {
        const unsigned tiles = (rows + tile - 1) / tile, mine = tiles / parts + (i < tiles % parts);
        return double(mine) * tile - (i == (tiles - 1) % parts ? tiles * tile - rows : 0);
    }
};

// y = x*scale + shift is weight*(x-mean)*invstd + bias.
__device__ inline void affine(float &scale, float &shift, float weight, float bias, double mean, double invstd) {
    scale = weight * invstd;
    shift = bias - mean * scale;
}

// running updates running statistics with those of a batch of n rows. A batch of one row has no unbiased variance: its
// biased variance, 0, is used.
__device__ inline void running(float &mean, float &var, double momentum, double batch_mean, double m2, double n) {
    mean = (1 - momentum) * mean + momentum * batch_mean;
    var = (1 - momentum) * var + momentum * (m2 / (n > 1 ? n - 1 : 1));
}

// gradient_terms are a, b and k for the sums g = Σg and gx = Σg(x-mean) over rows.
__device__ inline void gradient_terms(float &a, float &b, float &k, double scale, double invstd, double g, double gx,
                                      double rows) {
    a = scale;
    b = -scale * invstd * invstd * gx / rows;
    k = -scale * g / rows;
}

// part_sums is the shared memory of sum_parts: two sums per channel and warp.
static __device__ inline double (*part_sums())[8][2] {
    __shared__ double sums[16][8][2];
    return sums;
}

// sum_parts adds up two numbers per channel over the parts that the blocks of a grid wrote. It is called by all threads
// of one block of 1 to 16 full warps; threads of a partial last warp only synchronise. add(i, j, sums) adds the numbers
// of part i for the channels j and j+1 to sums[0] and sums[1]. begin(j) loads what is needed to finish channel j,
// before the sums so that the loads overlap with them, and returns a function that is called with the two sums.
//
// A warp reads 8 channels, 64 contiguous bytes, of 8 parts at a time. If there are more warps than groups of 8
// channels, several warps divide the parts among them.
template <typename Begin, typename Add>
__device__ inline void sum_parts(unsigned parts, unsigned c, Begin begin, Add add) {
    double(*const shared)[8][2] = part_sums();
    const unsigned t = threadIdx.y * blockDim.x + threadIdx.x, lane = t % 32, warp = t / 32;
    const unsigned warps = blockDim.x * blockDim.y / 32, groups = c / 8;
    const unsigned shares = groups < warps ? warps / groups : 1, teams = warps / shares, share = warp / teams;
    for (unsigned first = 0; first < groups; first += teams) {
        const unsigned channel = first * 8 + t, group = first + warp % teams;
        const bool ends = t < teams * 8 && channel < c;
        auto end = begin(ends ? channel : 0);
        double sums[2][2] = {};
        if (group < groups && share < shares) {
            for (unsigned i = share * 8 + lane / 4; i < parts; i += shares * 8) add(i, group * 8 + lane % 4 * 2, sums);
        }
        for (int other = 4; other < 32 && warp < warps; other *= 2) {
            for (int k = 0; k < 4; k++) sums[k / 2][k % 2] += __shfl_xor_sync(0xffffffff, sums[k / 2][k % 2], other);
        }
        if (lane < 4 && warp < warps) {
            for (int k = 0; k < 4; k++) shared[warp][lane * 2 + k / 2][k % 2] = sums[k / 2][k % 2];
        }
        __syncthreads();
        if (ends) {
            double total[2] = {};
            for (unsigned s = 0; s < shares; s++) {
                for (int k = 0; k < 2; k++) total[k] += shared[t / 8 + s * teams][t % 8][k];
            }
            end(total[0], total[1]);
        }
        __syncthreads();
    }
}

// finish_forward merges the moments of all parts, part[i*c + j] over count(i) rows (Chan, Golub and LeVeque 1979). It
// writes scale, shift, mean and invstd of the state, and the running statistics. All threads of the last block call it.
template <typename Count>
__device__ inline void finish_forward(const NormForward &f, const PartMoments *part, unsigned parts, unsigned c,
                                      unsigned rows, Count count) {
    const double n = rows;
    auto begin = [=](unsigned j) {
        const float weight = f.weight[j], bias = f.bias[j];
        float running_mean = f.running_mean[j], running_var = f.running_var[j];
        return [=](double sum, double squares) mutable {
            const double mean = sum / n, rest = squares - sum * mean, m2 = rest < 0 ? 0 : rest;
            const double invstd = 1 / sqrt(m2 / n + f.eps);
            affine(f.norm[norm_scale * c + j], f.norm[norm_shift * c + j], weight, bias, mean, invstd);
            f.norm[norm_mean * c + j] = mean;
            f.norm[norm_invstd * c + j] = invstd;
            running(running_mean, running_var, f.momentum, mean, m2, n);
            f.running_mean[j] = running_mean;
            f.running_var[j] = running_var;
        };
    };
    sum_parts(parts, c, begin, [=](unsigned i, unsigned j, double (&sums)[2][2]) {
        const double m = count(i);
        const Vector<PartMoments, 2> p = fetch<2>(part + i * c + j);
        for (int k = 0; k < 2; k++) {
            const double mean = p.e[k].mean, sum = m * mean;
            sums[k][0] += sum;
            sums[k][1] += p.e[k].m2 + sum * mean;
        }
    });
}

// finish_backward adds up the sums of all parts, part[i*c + j]. It writes a, b and k of the state, and the gradients of
// weight and bias. All threads of the last block call it.
__device__ inline void finish_backward(const NormBackward &f, const GradSums *part, unsigned parts, unsigned c,
                                       unsigned rows) {
    auto begin = [=](unsigned j) {
        const double invstd = f.norm[norm_invstd * c + j], scale = f.weight[j] * invstd;
        return [=](double g, double gx) {
            f.dweight[j] = gx * invstd;
            f.dbias[j] = g;
            gradient_terms(f.norm[norm_a * c + j], f.norm[norm_b * c + j], f.norm[norm_k * c + j], scale, invstd, g, gx,
                           rows);
        };
    };
    sum_parts(parts, c, begin, [=](unsigned i, unsigned j, double (&sums)[2][2]) {
        const Vector<GradSums, 2> p = fetch<2>(part + i * c + j);
        for (int k = 0; k < 2; k++) {
            sums[k][0] += p.e[k].g;
            sums[k][1] += p.e[k].gx;
        }
    });
}
