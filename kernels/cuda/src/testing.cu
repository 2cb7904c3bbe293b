// The kernels for each element type that only tests launch, compiled to testdata/testing_f32.ptx, testing_f16.ptx and
// testing_bf16.ptx for compute capability 8.0 and later. The program does not contain them.
#include "common.cuh"
#include "lazy_batchnorm.cuh"

namespace TYPE {

// The gradients of a lazy batch norm from dy, the gradient of its output: g = dy, with f.relu masked to 0 where
// fmaf(x, scale, shift) <= 0, and finish_backward of the sums over g. g may be dy.
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

} // namespace TYPE
