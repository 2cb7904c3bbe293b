// The head of a network (head.cuh): one launch forward and one backward.

// `team` warps compute one image: each sums over a part of the features, and the first one adds these sums up to the
// logits.
KERNEL_T(head, (Head a, double *metrics, unsigned *done, LossPart *part, unsigned team)) {
    follow_previous();
    constexpr int V = 4, CHUNK = 16; // features of a thread, and classes that it sums at once
    using Reduce = WarpReduce<CHUNK, 2>;
    __shared__ float sums[8][Head::CLASSES], logits[8][Head::CLASSES];
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32, member = warp % team;
    const unsigned teams = blockDim.x / 32 / team;
    const double factor = a.scale ? *a.scale : 1;
    double total[2] = {}; // of this warp's images
    for (unsigned first = blockIdx.x * teams; first < a.n; first += gridDim.x * teams) {
        const unsigned image = first + warp / team;
        for (unsigned chunk = 0; chunk < a.classes && image < a.n; chunk += CHUNK) {
            float sum[CHUNK] = {};
            for (unsigned f = (member * 32 + lane) * V; f < a.features; f += team * 32 * V) {
                const Floats<V> h = a.hidden<V, T>(image, f);
                for (int k = 0; k < CHUNK; k++) {
                    if (chunk + k >= a.classes) break;
                    const Floats<V> w = load<V>(a.weight + (chunk + k) * a.features + f);
                    for (int i = 0; i < V; i++) sum[k] = fmaf(h.e[i], w.e[i], sum[k]);
                }
            }
            Reduce::run(sum, 1, [](float p, float q) { return p + q; });
            if (Reduce::owns(1)) sums[warp][chunk + Reduce::first()] = sum[0];
        }
        __syncthreads();
        if (member == 0 && image < a.n) {
            const unsigned at = image * a.classes;
            if (lane < a.classes) {
                float z = 0;
                for (unsigned other = 0; other < team; other++) z += sums[warp + other][lane];
                logits[warp][lane] = a.logits[at + lane] = z + a.out_bias[lane];
            }
            __syncwarp();
            image_loss(logits[warp], a.labels[image], a.on, a.off, a.classes, total,
                       [=](unsigned k, float p, double t) {
                           a.probs[at + k] = p;
                           if (a.gradient) a.gradient[at + k] = loss_gradient(p, t, a.n, factor);
                       });
        }
        __syncthreads();
    }
    add_metrics(total, metrics, part, done);
}

// A block computes the gradients of 4 features, summed over all images, with two threads per image. The last block
// computes the gradient of the classifier's bias, as that of the weight of a feature that is always 1.
KERNEL_T(head_backward, (Head a, T *dh, float *dbias, float *dweight, float *dout_bias)) {
    follow_previous();
    constexpr int V = 2, TILE = 4, CLASSES = Head::CLASSES;
    using Pair = Floats<V>;
    using Reduce = WarpReduce<CLASSES, 2>;
    constexpr int SHARE = TILE / V; // threads of an image
    __shared__ Pair weight[CLASSES][SHARE], sums[8][CLASSES + 1][SHARE]; // the last row is for dbias
    const unsigned tile = blockIdx.x * TILE, place = threadIdx.x % SHARE, warp = threadIdx.x / 32;
    const bool ones = tile == a.features;
    for (unsigned i = threadIdx.x; i < a.classes * SHARE && !ones; i += blockDim.x) {
        weight[i / SHARE][i % SHARE] = load<V>(a.weight + i / SHARE * a.features + tile + i % SHARE * V);
    }
    __syncthreads();

    Pair dw[CLASSES] = {}, db[1] = {};
    for (unsigned image = threadIdx.x / SHARE; image < a.n; image += blockDim.x / SHARE) {
        Pair h = {{1, 0}}, d = {};
        if (!ones) h = a.hidden<V, T>(image, tile + place * V);
        for (int k = 0; k < CLASSES; k++) {
            if (k >= int(a.classes)) break;
            const float g = a.gradient[image * a.classes + k];
            for (int i = 0; i < V; i++) {
                dw[k].e[i] = fmaf(g, h.e[i], dw[k].e[i]);
                d.e[i] = fmaf(g, weight[k][place].e[i], d.e[i]);
            }
        }
        if (ones) continue;
        Vector<T, V> out;
        for (int i = 0; i < V; i++) {
            out.e[i] = narrow<T>(a.relu ? masked(d.e[i], h.e[i]) : d.e[i]);
            db[0].e[i] += widen(out.e[i]);
        }
        put(dh + image * a.features + tile + place * V, out);
    }

    auto add = [](const Pair &p, const Pair &q) { return plus(p, q); };
    Reduce::run(dw, SHARE, add);
    WarpReduce<1, 32>::run(db, SHARE, add);
    if (Reduce::owns(SHARE)) {
        for (int k = 0; k < Reduce::LEFT; k++) sums[warp][Reduce::first() + k][place] = dw[k];
    }
    if (threadIdx.x % 32 < SHARE) sums[warp][CLASSES][place] = db[0];
    __syncthreads();
    for (unsigned i = threadIdx.x; i < (CLASSES + 1) * TILE; i += blockDim.x) {
        const unsigned k = i / TILE, f = i % TILE;
        float total = 0;
        for (unsigned w = 0; w < blockDim.x / 32; w++) total += sums[w][k][f / V].e[f % V];
        if (ones) {
            if (k < a.classes && f == 0) dout_bias[k] = total;
        } else if (k < a.classes) {
            dweight[k * a.features + tile + f] = total;
        } else if (k == CLASSES && dbias) {
            dbias[tile + f] = total;
        }
    }
}
