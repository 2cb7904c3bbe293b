// Dynamic loss scaling (Micikevicius et al. 2018).

// Multiplies gradients by 1/scale, and notes whether any is NaN or infinite.
KERNEL(unscale, (float *g, ScaleState *state, unsigned n)) {
    const float inv = state->inv;
    bool bad = false;
    each<4>(n, [&](auto width, unsigned i) {
        constexpr int V = decltype(width)::n;
        const Floats<V> v = load<V>(g + i);
        for (int k = 0; k < V; k++) bad |= !is_finite(v.e[k]);
        store(g + i, apply<V>([=](float e) { return e * inv; }, v));
    });
    if (bad) state->found = 1; // all threads that write it write the same value
}

// One thread updates the scale: a step with a NaN or infinite gradient halves it, and 2000 steps without one double it.
KERNEL(scale_update, (ScaleState *state)) {
    ScaleState s = *state;
    s.skip = s.found;
    s.good = s.found ? 0 : s.good + 1;
    if (s.found && s.scale > 1) s.scale *= 0.5f;
    if (s.good == 2000) {
        s.good = 0;
        if (s.scale < 0x1p24f) s.scale *= 2;
    }
    s.inv = 1 / s.scale;
    s.found = 0;
    *state = s;
}
