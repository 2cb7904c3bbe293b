// Softmax and cross-entropy, in double as on the CPU: ten classes an image are nothing beside the network.

// A warp makes an image. Blocks leave their sums in part; the last one to finish adds these up in order and sets the
// counter `done` back to 0.
KERNEL_T(loss, (float *probs, const T *logits, const int32_t *labels, double *metrics, unsigned *done, LossPart *part,
                double on, double off, unsigned classes, unsigned n)) {
    const unsigned lane = threadIdx.x % 32, warps = blockDim.x / 32;
    double total[2] = {}; // loss and correct, of this warp's images
    for (unsigned i = blockIdx.x * warps + threadIdx.x / 32; i < n; i += gridDim.x * warps) {
        const T *z = logits + int64_t(i) * classes;
        const unsigned label = labels[i];
        // The first largest logit. As on the CPU a NaN is never larger, and none is larger than a NaN in front.
        double top = -INFINITY;
        unsigned best = UINT_MAX;
        auto raise = [&](double v, unsigned k) {
            if (v > top || (v == top && k < best)) top = v, best = k;
        };
        for (unsigned k = lane; k < classes; k += 32) raise(widen(z[k]), k);
        for (int other = 16; other > 0; other /= 2) {
            const double v = __shfl_xor_sync(0xffffffff, top, other);
            raise(v, __shfl_xor_sync(0xffffffff, best, other));
        }
        const float front = widen(z[0]);
        if (front != front) top = front, best = 0;

        double sum = 0;
        for (unsigned k = lane; k < classes; k += 32) sum += exp(widen(z[k]) - top);
        const double log_sum = top + log(warp_sum(sum));
        double loss = 0;
        for (unsigned k = lane; k < classes; k += 32) {
            const double t = k == label ? on : off, log_p = widen(z[k]) - log_sum;
            if (t != 0) loss -= t * log_p;
            probs[int64_t(i) * classes + k] = exp(log_p);
        }
        loss = warp_sum(loss);
        if (lane == 0) {
            total[0] += loss;
            total[1] += best == label;
        }
    }
    block_sum(total, 1);
    __shared__ bool last;
    if (threadIdx.x == 0) {
        part[blockIdx.x] = {total[0], total[1]};
        __threadfence();
        last = atomicAdd(done, 1u) == gridDim.x - 1;
    }
    __syncthreads();
    if (!last) return;
    __threadfence();
    total[0] = total[1] = 0;
    for (unsigned b = threadIdx.x; b < gridDim.x; b += blockDim.x) {
        const volatile LossPart &p = part[b];
        total[0] += p.loss;
        total[1] += p.correct;
    }
    block_sum(total, 1);
    if (threadIdx.x == 0) {
        metrics[0] += total[0];
        metrics[1] += total[1];
        *done = 0;
    }
}

KERNEL_T(loss_backward, (T *dz, const float *probs, const int32_t *labels, const float *scale, double on, double off,
                         unsigned classes, unsigned n)) {
    const double factor = scale ? *scale : 1;
    for (unsigned i = thread_index(); i < n * classes; i += thread_count()) {
        const double t = i % classes == unsigned(labels[i / classes]) ? on : off;
        dz[i] = narrow<T>((probs[i] - t) / n * factor);
    }
}
