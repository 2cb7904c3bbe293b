// Optimisers, one launch for all parameters. step_params are scalars that change from step to step, such as the
// learning rate. decay has a byte for every 16 parameters, 1 where weight decay applies. If skip points to other than
// 0, nothing is updated. mirror is a 16-bit copy of the parameters to write.

// The structs are passed by value. Go's structs of the same names mirror them.

// Mirror is a 16-bit copy of the parameters, which an update also writes. If p is null, there is none.
struct Mirror {
    void *p;
    Flag bf16;

    template <int V> __device__ void put(unsigned i, const Floats<V> &w) const {
        if (!p) return;
        if (bf16) {
            store(static_cast<__nv_bfloat16 *>(p) + i, w);
        } else {
            store(static_cast<__half *>(p) + i, w);
        }
    }
};

struct AdamParams {
    float beta1, beta2, eps, one_minus_beta1, one_minus_beta2;
};

struct SGDParams {
    float momentum, decay;
    Flag nesterov;
};

// updates calls f(width, i) for all n parameters, unless *skip is set.
template <typename F> __device__ inline void updates(int n, const int32_t *skip, F f) {
    if (skip && *skip) return;
    each<4>(n, f);
}

// Like Adam in kernels/cpu: w = decay*w - step_size*m/(vscale*sqrt(v) + eps).
template <int V>
__device__ inline void adam_step(unsigned i, float *p, const float *g, float *m, float *v, float step_size,
                                 float vscale, float decay, const Mirror &mirror, const AdamParams &o) {
    Floats<V> w = load<V>(p + i), m1 = load<V>(m + i), v1 = load<V>(v + i);
    const Floats<V> d = load<V>(g + i);
    for (int k = 0; k < V; k++) {
        m1.e[k] = o.beta1 * m1.e[k] + o.one_minus_beta1 * d.e[k];
        v1.e[k] = o.beta2 * v1.e[k] + o.one_minus_beta2 * (d.e[k] * d.e[k]);
        w.e[k] = decay * w.e[k] - step_size * m1.e[k] / (vscale * sqrtf(v1.e[k]) + o.eps);
    }
    store(p + i, w);
    store(m + i, m1);
    store(v + i, v1);
    mirror.put(i, w);
}

KERNEL(adam, (float *p, const float *g, float *m, float *v, const float *step_params, const int32_t *skip,
              Mirror mirror, AdamParams o, unsigned n)) {
    const float step_size = step_params[0];
    updates(n, skip, [=](auto width, unsigned i) {
        adam_step<decltype(width)::n>(i, p, g, m, v, step_size, 1, 1, mirror, o);
    });
}

KERNEL(adamw, (float *p, const float *g, float *m, float *v, const float *step_params, const uint8_t *decay,
               const int32_t *skip, Mirror mirror, AdamParams o, unsigned n)) {
    const float step_size = step_params[0], vscale = step_params[1], shrink = step_params[2];
    updates(n, skip, [=](auto width, unsigned i) {
        const float keep = decay && decay[i / 16] ? shrink : 1;
        adam_step<decltype(width)::n>(i, p, g, m, v, step_size, vscale, keep, mirror, o);
    });
}

// Like SGD in kernels/cpu: v = momentum*v + (g + decay*p), p -= lr*v, or with Nesterov lr*(g + decay*p + momentum*v).
KERNEL(sgd, (float *p, const float *g, float *v, const float *step_params, const uint8_t *decay, const int32_t *skip,
             Mirror mirror, SGDParams o, unsigned n)) {
    const float lr = step_params[0];
    updates(n, skip, [=](auto width, unsigned i) {
        constexpr int V = decltype(width)::n;
        const float shrink = decay && decay[i / 16] ? o.decay : 0;
        Floats<V> w = load<V>(p + i), v1 = load<V>(v + i);
        const Floats<V> g1 = load<V>(g + i);
        for (int k = 0; k < V; k++) {
            const float d = g1.e[k] + shrink * w.e[k];
            v1.e[k] = o.momentum * v1.e[k] + d;
            w.e[k] = w.e[k] - lr * (o.nesterov ? d + o.momentum * v1.e[k] : v1.e[k]);
        }
        store(p + i, w);
        store(v + i, v1);
        mirror.put(i, w);
    });
}
