// The steps between passes over activations. They add up the sums of all chunks in double, in a fixed order, and turn
// them into a few values per channel. A block has 8 channels by 32 threads; these threads divide the chunks among them.

// sum_chunks returns the sum of f(chunk) over all chunks, to every thread of a channel.
template <typename F> __device__ inline double sum_chunks(unsigned chunks, F f) {
    double sum[1] = {};
    for (unsigned i = threadIdx.y; i < chunks; i += blockDim.y) sum[0] += f(i);
    block_sum(sum, blockDim.x);
    return sum[0];
}

KERNEL(bias_finish, (float *dbias, const float *part, unsigned chunks, unsigned c)) {
    const unsigned j = thread_index();
    const double sum = sum_chunks(chunks, [=](unsigned i) { return j < c ? part[i * c + j] : 0; });
    if (j < c && threadIdx.y == 0) dbias[j] = sum;
}

KERNEL(batchnorm_finish, (const Moments *part, const float *weight, const float *bias, float *running_mean,
                          float *running_var, float *save_mean, float *save_invstd, float *scale_shift, double eps,
                          double momentum, unsigned rows, unsigned c, unsigned chunk)) {
    const unsigned j = thread_index(), chunks = (rows + chunk - 1) / chunk;
    const double n = rows;
    auto count = [=](unsigned i) { return double(i < chunks - 1 ? chunk : rows - i * chunk); };
    const double mean = sum_chunks(chunks, [=](unsigned i) { return j < c ? count(i) * part[i * c + j].mean : 0; }) / n;
    const double m2 = sum_chunks(chunks, [=](unsigned i) {
        if (j >= c) return 0.0;
        const Moments p = part[i * c + j];
        return p.m2 + count(i) * (p.mean - mean) * (p.mean - mean);
    });
    if (j >= c || threadIdx.y != 0) return;
    const double invstd = 1 / sqrt(m2 / n + eps);
    save_mean[j] = mean;
    save_invstd[j] = invstd;
    affine(scale_shift[j], scale_shift[c + j], weight[j], bias[j], mean, invstd);
    running(running_mean[j], running_var[j], momentum, mean, m2, n);
}

KERNEL(batchnorm_inference, (const float *weight, const float *bias, const float *running_mean,
                             const float *running_var, float *scale_shift, double eps, unsigned c)) {
    const unsigned j = thread_index();
    if (j >= c) return;
    const double invstd = 1 / sqrt(running_var[j] + eps);
    affine(scale_shift[j], scale_shift[c + j], weight[j], bias[j], running_mean[j], invstd);
}

// Prepares many lazy batch norms: all blocks with the same blockIdx.y work on one of them.
KERNEL(norm_inference, (const NormEntry *table)) {
    const NormEntry e = table[blockIdx.y];
    for (unsigned j = thread_index(); j < e.c; j += thread_count()) {
        const double invstd = 1 / sqrt(e.running_var[j] + e.eps);
        affine(e.norm[norm_scale * e.c + j], e.norm[norm_shift * e.c + j], e.weight[j], e.bias[j], e.running_mean[j],
               invstd);
    }
}

KERNEL(batchnorm_coefficients, (const GradSums *part, const float *weight, const float *save_invstd, float *dweight,
                                float *dbias, float *coefficients, unsigned rows, unsigned c, unsigned chunk)) {
    const unsigned j = thread_index(), chunks = (rows + chunk - 1) / chunk;
    const double g = sum_chunks(chunks, [=](unsigned i) { return j < c ? part[i * c + j].g : 0; });
    const double gx = sum_chunks(chunks, [=](unsigned i) { return j < c ? part[i * c + j].gx : 0; });
    if (j >= c || threadIdx.y != 0) return;
    const double invstd = save_invstd[j];
    dweight[j] = gx * invstd;
    dbias[j] = g;
    gradient_terms(coefficients[j], coefficients[c + j], coefficients[2 * c + j], weight[j] * invstd, invstd, g, gx,
                   rows);
}
