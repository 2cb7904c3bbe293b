#include "convolution.h"

#include <algorithm>

#include "../math/tile.h"

namespace emu {
namespace {

// Run is a row of outputs and the pixels of the input under one value of the filter.
struct Run {
    size_t x, y;  // first pixel of each
    int r, s, length;
};

// each_run calls f for output row (n, oh), where the filter lies inside the image.
template <typename F> void each_run(const Geometry &g, int n, int oh, F f) {
    for (int r = 0; r < g.r; r++) {
        const int h = oh * g.stride[0] - g.pad[0] + r * g.dilation[0];
        if (h < 0 || h >= g.h) continue;
        for (int s = 0; s < g.s; s++) {
            const int left = s * g.dilation[1] - g.pad[1];  // w = ow stride + left
            const int first = left < 0 ? (-left + g.stride[1] - 1) / g.stride[1] : 0;
            const int last = left < g.w ? std::min(g.ow - 1, (g.w - 1 - left) / g.stride[1]) : -1;
            if (first > last) continue;
            const size_t x = (static_cast<size_t>(n) * g.h + h) * g.w + first * g.stride[1] + left;
            const size_t y = (static_cast<size_t>(n) * g.oh + oh) * g.ow + first;
            f(Run{x, y, r, s, last - first + 1});
        }
    }
}

// reorder makes K, R, S, C of R, S, K, C, or of R, S, C, K, and the other way around.
enum class Order { rskc, rsck };

template <typename F> void each_weight(const Geometry &g, Order order, F f) {
    size_t krsc = 0;
    for (int k = 0; k < g.k; k++)
        for (int rs = 0; rs < g.r * g.s; rs++)
            for (int c = 0; c < g.c; c++) {
                const size_t inner =
                    order == Order::rskc ? static_cast<size_t>(k) * g.c + c : static_cast<size_t>(c) * g.k + k;
                f(krsc++, static_cast<size_t>(rs) * g.k * g.c + inner);
            }
}

Values reordered(const Geometry &g, Order order, const Values &w) {
    Values to(w.size());
    each_weight(g, order, [&](size_t krsc, size_t at) { to[at] = w[krsc]; });
    return to;
}

}  // namespace

Values convolve(const Geometry &g, const Values &x, const Values &w) {
    Values y(static_cast<size_t>(g.n) * g.oh * g.ow * g.k), rsck = reordered(g, Order::rsck, w);
    for (int n = 0; n < g.n; n++)
        for (int oh = 0; oh < g.oh; oh++)
            each_run(g, n, oh, [&](const Run &run) {
                multiply_add(run.length, g.k, g.c, {&x[run.x * g.c], g.stride[1] * g.c, 1},
                             {&rsck[(run.r * g.s + run.s) * g.c * g.k], g.k}, {&y[run.y * g.k], g.k});
            });
    return y;
}

Values convolve_backward_data(const Geometry &g, const Values &w, const Values &dy, size_t start) {
    Values dx(static_cast<size_t>(g.n) * g.h * g.w * g.c), rskc = reordered(g, Order::rskc, w);
    const int turn = start % g.k;
    for (int n = 0; n < g.n; n++)
        for (int oh = 0; oh < g.oh; oh++)
            each_run(g, n, oh, [&](const Run &run) {
                const float *const weights = &rskc[(run.r * g.s + run.s) * g.k * g.c];
                const Sum to{&dx[run.x * g.c], g.stride[1] * g.c};
                const float *const from = &dy[run.y * g.k];
                multiply_add(run.length, g.c, g.k - turn, {from + turn, g.k, 1}, {weights + turn * g.c, g.c}, to);
                multiply_add(run.length, g.c, turn, {from, g.k, 1}, {weights, g.c}, to);
            });
    return dx;
}

Values convolve_backward_filter(const Geometry &g, const Values &x, const Values &dy, size_t start) {
    Values rskc(static_cast<size_t>(g.k) * g.r * g.s * g.c);
    const size_t rows = static_cast<size_t>(g.n) * g.oh;
    for (size_t i = 0; i < rows; i++) {
        const size_t row = (i + start) % rows;
        each_run(g, row / g.oh, row % g.oh, [&](const Run &run) {
            multiply_add(g.k, g.c, run.length, {&dy[run.y * g.k], 1, g.k}, {&x[run.x * g.c], g.stride[1] * g.c},
                         {&rskc[(run.r * g.s + run.s) * g.k * g.c], g.c});
        });
    }
    Values dw(rskc.size());
    each_weight(g, Order::rskc, [&](size_t krsc, size_t at) { dw[krsc] = rskc[at]; });
    return dw;
}

}  // namespace emu
