// The state of a lazy batch norm (lazy_batchnorm.cuh) whose input no fused convolution has summed up: one pass over x,
// after which the last block computes the state.

KERNEL_T(norm_statistics, (const T *x, NormForward f, PartMoments *part, unsigned *done, unsigned rows, unsigned c,
                           unsigned chunk)) {
    follow_previous();
    chunk_moments(Width<Lanes<T>::n>{}, x, Chunk(rows, chunk), c, [=](unsigned j, double mean, float m2) {
        part[blockIdx.y * c + j] = {float(mean), m2};
    });
    if (!last_block(done)) return;
    finish_forward(f, part, gridDim.y, c, rows, RoundRobinRows{rows, chunk, gridDim.y});
}
