// Softmax and cross-entropy, one warp per image (loss.cuh), and their gradient.

KERNEL_T(loss, (float *probs, const T *logits, const int32_t *labels, double *metrics, unsigned *done, LossPart *part,
                double on, double off, unsigned classes, unsigned n)) {
    follow_previous();
    const unsigned warps = blockDim.x / 32;
    double total[2] = {}; // of this warp's images
    for (unsigned i = blockIdx.x * warps + threadIdx.x / 32; i < n; i += gridDim.x * warps) {
        const int64_t at = int64_t(i) * classes;
        image_loss(logits + at, labels[i], on, off, classes, total,
                   [=](unsigned k, float p, double) { probs[at + k] = p; });
    }
    add_metrics(total, metrics, part, done);
}

KERNEL_T(loss_backward, (T *dz, const float *probs, const int32_t *labels, const float *scale, double on, double off,
                         unsigned classes, unsigned n)) {
    follow_previous();
    const double factor = scale ? *scale : 1;
    for (unsigned i = thread_index(); i < n * classes; i += thread_count()) {
        const double t = i % classes == unsigned(labels[i / classes]) ? on : off;
        dz[i] = narrow<T>(loss_gradient(probs[i], t, n, factor));
    }
}
