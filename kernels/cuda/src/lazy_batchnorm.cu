// Norm states (lazy_batchnorm.cuh) of tensors that no convolution sums up on its way: a pass over the tensor, at whose end the last
// block finishes.

KERNEL_T(norm_statistics, (const T *x, NormForward f, PartMoments *part, unsigned *done, unsigned rows, unsigned c,
                           unsigned chunk)) {
    chunk_moments(Width<Lanes<T>::n>{}, x, Chunk(rows, chunk), c, [=](unsigned j, double mean, float m2) {
        part[blockIdx.y * c + j] = {float(mean), m2};
    });
    if (!last_block(done)) return;
    finish_forward(f, part, gridDim.y, c, rows, DealtRows{rows, chunk, gridDim.y});
}

// g is dy where f.relu's output fmaf(x, scale, shift) is above 0, or NaN; it may be dy.
KERNEL_T(norm_reduce, (T *g, const T *dy, NormBackward f, GradSums *part, unsigned *done, unsigned rows, unsigned c,
                       unsigned chunk)) {
    constexpr int V = Lanes<T>::n;
    const unsigned j = first_channel<V>();
    Floats<V> scale = {}, shift = {};
    if (j < c) scale = load<V>(f.norm + norm_scale * c + j), shift = load<V>(f.norm + norm_shift * c + j);
    auto gradient = [=](unsigned at, const Floats<V> &x) {
        Floats<V> d = load<V>(dy + at);
        if (f.relu) d = apply<V>(masked, d, apply<V>(fmaf, x, scale, shift));
        if (f.relu || g != dy) store(g + at, d);
        return d;
    };
    const T *x = static_cast<const T *>(f.input);
    chunk_sums(Width<V>{}, x, f.norm + norm_mean * c, part + blockIdx.y * c, Chunk(rows, chunk), c, gradient);
    if (!last_block(done)) return;
    finish_backward(f, part, gridDim.y, c, rows);
}
