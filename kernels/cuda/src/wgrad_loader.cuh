// How rows of an operand come into shared memory: by registers, so that the next ones are under way while the tensor
// cores are busy with the last.
#pragma once

#include "wgrad.cuh"

// factor_pair is two factors, which the 16-bit types have one instruction for.
template <typename T> __device__ inline Vector<T, 2> factor_pair(float low, float high) {
    return {{factor<T>(low), factor<T>(high)}};
}
template <> __device__ inline Vector<__half, 2> factor_pair(float low, float high) {
    const __half2 v = __floats2half2_rn(low, high);
    return {{v.x, v.y}};
}
template <> __device__ inline Vector<__nv_bfloat16, 2> factor_pair(float low, float high) {
    const __nv_bfloat162 v = __floats2bfloat162_rn(low, high);
    return {{v.x, v.y}};
}

// opaque is v, of which the compiler does not know that it stays the same. Or else it would compute addresses ahead of a
// loop and hold them in registers, which are scarce.
__device__ inline unsigned opaque(unsigned v) {
    asm volatile("" : "+r"(v));
    return v;
}

// Feed moves rows of a tile: of g if KIND is NORM_GRADIENT, of x if it is NORMALIZED; both may be PLAIN. A thread has the
// same 16 bytes of channels in every step-th row, and has at most SLOTS rows at a time.
template <typename T, OperandKind KIND, int SLOTS> struct Feed {
    static constexpr int V = Lanes<T>::n;
    static constexpr bool PAIR = KIND == NORM_GRADIENT;

    const WeightTasks &tasks;
    const unsigned task;
    const unsigned c, start, channel; // of a row, the tile's first, and the thread's first
    int row, step;                    // the thread's first row, and how far it is to its next
    Packet x[SLOTS], input[PAIR ? SLOTS : 1];

    // The matrix has c channels, the tile `channels` of them from first on.
    __device__ Feed(const WeightTasks &tasks, unsigned task, unsigned c, unsigned first, unsigned channels)
        : tasks(tasks), task(task), c(c), start(first), channel(first + threadIdx.x % (channels / V) * V),
          row(threadIdx.x / (channels / V)), step(weight_threads / (channels / V)) {
        if (row >= step) row = INT_MAX / 2; // a thread too many
    }

    // request begins to fetch count rows from first on, of those from 0 to end-1.
    __device__ void request(int first, int count, int end) {
        const OperandArgs from = source();
        each(count, [&](int s, int r) {
            if (first + r < 0 || first + r >= end) return;
            const unsigned at = (first + r) * c + channel;
            x[s] = fetch_packet(static_cast<const T *>(from.x) + at);
            if (PAIR && from.kind == KIND) input[s] = fetch_packet(static_cast<const T *>(from.input) + at);
        });
    }

    // deliver puts what request fetched, as it is to be multiplied, where place(row) is; of other rows it puts zeros.
    template <typename F> __device__ void deliver(int first, int count, int end, F place) {
        convert();
        each(count, [&](int s, int r) {
            const bool there = first + r >= 0 && first + r < end;
            put(reinterpret_cast<unsigned *>(place(r) + channel - start), there ? x[s] : Packet{});
        });
    }

  private:
    // source is read anew each time, as its addresses are many registers.
    __device__ OperandArgs source() const {
        const WeightTask &from = tasks.task[opaque(task)];
        return PAIR ? from.g : from.x;
    }

    // each calls f(slot, row) for the thread's rows of the first count.
    template <typename F> __device__ void each(int count, F f) const {
#pragma unroll
        for (int s = 0; s < SLOTS; s++) {
            const int r = row + s * int(opaque(step));
            if (r < count) f(s, r);
        }
    }

    // convert computes the operand's values, four channels of all rows at a time, as their coefficients take registers.
    __device__ void convert() {
        const OperandArgs from = source();
        if (from.kind == PLAIN && sizeof(T) < sizeof(float)) return;
#pragma unroll
        for (int e = 0; e < V; e += 4) {
            const unsigned width = opaque(c);
            if (from.kind == PLAIN) {
                map(e, [](int, float v, float) { return v; });
            } else if (PAIR) {
                map(e, NormInputGradient<4>(from.norm, width, channel + e));
            } else {
                const Normalize<4> h(from.norm, width, channel + e);
                map(e, [=](int j, float v, float) { return from.relu ? positive(h(j, v)) : h(j, v); });
            }
        }
    }

    // map replaces channels e to e+3 of each row by f(j, x, input), j from 0 to 3.
    template <typename F> __device__ void map(int e, F f) {
#pragma unroll
        for (int s = 0; s < SLOTS; s++) {
            const Floats<V> p = unpacked<T>(x[s]), q = PAIR ? unpacked<T>(input[s]) : p;
#pragma unroll
            for (int j = 0; j < 4; j += 2) {
                const int i = e + j;
                const Vector<T, 2> two = factor_pair<T>(f(j, p.e[i], q.e[i]), f(j + 1, p.e[i + 1], q.e[i + 1]));
                memcpy(&x[s].e[i * sizeof(T) / 4], &two, sizeof two);
            }
        }
    }
};
