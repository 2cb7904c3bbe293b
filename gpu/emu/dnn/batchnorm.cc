#include "batchnorm.h"

namespace emu {
namespace {

// each calls f(i, channel) for the values in order.
template <typename F> void each(size_t values, size_t channels, F f) {
    for (size_t row = 0; row < values; row += channels)
        for (size_t c = 0; c < channels; c++) f(row + c, c);
}

}  // namespace

Moments moments_of(const Values &x, size_t channels) {
    const double m = static_cast<double>(x.size() / channels);
    Moments of{Channels(channels), Channels(channels)};
    each(x.size(), channels, [&](size_t i, size_t c) { of.mean[c] += x[i]; });
    for (double &v : of.mean) v /= m;
    each(x.size(), channels, [&](size_t i, size_t c) {
        const double d = x[i] - of.mean[c];
        of.variance[c] += d * d;
    });
    for (double &v : of.variance) v /= m;
    return of;
}

Values normalise(const Values &x, const Channels &mean, const Channels &invstd, const float *weight,
                 const float *bias) {
    Values y(x.size());
    each(x.size(), mean.size(), [&](size_t i, size_t c) { y[i] = (x[i] - mean[c]) * invstd[c] * weight[c] + bias[c]; });
    return y;
}

Gradients gradients_of(const Values &x, const Values &dy, const Channels &mean, const Channels &invstd,
                       const float *weight) {
    const size_t channels = mean.size();
    const double m = static_cast<double>(x.size() / channels);
    Gradients g{Channels(channels), Channels(channels), Values(x.size())};
    each(x.size(), channels, [&](size_t i, size_t c) {
        g.dbias[c] += dy[i];
        g.dweight[c] += dy[i] * (x[i] - mean[c]) * invstd[c];
    });
    each(x.size(), channels, [&](size_t i, size_t c) {
        const double normal = (x[i] - mean[c]) * invstd[c];
        g.dx[i] = weight[c] * invstd[c] * (dy[i] - g.dbias[c] / m - normal * g.dweight[c] / m);
    });
    return g;
}

}  // namespace emu
