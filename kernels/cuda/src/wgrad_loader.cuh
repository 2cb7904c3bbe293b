// Loads rows of an operand into shared memory through registers, so that the next rows are loaded while the tensor
// cores multiply the last ones.
#pragma once

#include "wgrad.cuh"

// mma_input_pair is mma_input of two values, which is one instruction for 16-bit types.
template <typename T> __device__ inline Vector<T, 2> mma_input_pair(float low, float high) {
    return {{mma_input<T>(low), mma_input<T>(high)}};
}
template <> __device__ inline Vector<__half, 2> mma_input_pair(float low, float high) {
    const __half2 v = __floats2half2_rn(low, high);
    return {{v.x, v.y}};
}
template <> __device__ inline Vector<__nv_bfloat16, 2> mma_input_pair(float low, float high) {
    const __nv_bfloat162 v = __floats2bfloat162_rn(low, high);
    return {{v.x, v.y}};
}

// opaque returns v, but the compiler cannot know that. Otherwise it would compute addresses before a loop and keep them
// in registers, which are scarce.
__device__ inline unsigned opaque(unsigned v) {
    asm volatile("" : "+r"(v));
    return v;
}

// TileLoader loads rows of a tile, of g if KIND is NORM_GRADIENT and of x if it is NORMALIZED; each may also be PLAIN.
// A thread loads the same 16 bytes of channels of every step-th row, at most SLOTS rows at a time.
template <typename T, OperandKind KIND, int SLOTS> struct TileLoader {
    static constexpr int V = Lanes<T>::n;
    static constexpr bool PAIR = KIND == NORM_GRADIENT;

    const WeightTasks &tasks;
    const unsigned task;
    const unsigned c, start, channel; // channels of a row, the first of the tile, and the first of the thread
    int row, step;                    // the thread's first row, and the distance to its next one
    Packet x[SLOTS], input[PAIR ? SLOTS : 1];

    // The matrix has c channels; the tile has `channels` of them, from channel `first` on.
    __device__ TileLoader(const WeightTasks &tasks, unsigned task, unsigned c, unsigned first, unsigned channels)
        : tasks(tasks), task(task), c(c), start(first), channel(first + threadIdx.x % (channels / V) * V),
          row(threadIdx.x / (channels / V)), step(weight_threads / (channels / V)) {
        if (row >= step) row = INT_MAX / 2; // this thread is left over and loads nothing
    }

    // request starts to load count rows from row `first` on, without those outside 0 to end-1.
    __device__ void request(int first, int count, int end) {
        const OperandArgs from = source();
        each(count, [&](int s, int r) {
            if (first + r < 0 || first + r >= end) return;
            const unsigned at = (first + r) * c + channel;
            x[s] = fetch_packet(static_cast<const T *>(from.x) + at);
            if (PAIR && from.kind == KIND) input[s] = fetch_packet(static_cast<const T *>(from.input) + at);
        });
    }

    // store converts the rows that request loaded to what is multiplied, and writes each to place(row). Rows outside 0
    // to end-1 are zeros.
    template <typename F> __device__ void store(int first, int count, int end, F place) {
        convert();
        each(count, [&](int s, int r) {
            const bool there = first + r >= 0 && first + r < end;
            put(reinterpret_cast<unsigned *>(place(r) + channel - start), there ? x[s] : Packet{});
        });
    }

  private:
    // source is read again each time, as keeping its pointers would take many registers.
    __device__ OperandArgs source() const {
        const WeightTask &from = tasks.task[opaque(task)];
        return PAIR ? from.g : from.x;
    }

    // each calls f(slot, row) for the rows of the thread, below count.
    template <typename F> __device__ void each(int count, F f) const {
#pragma unroll
        for (int s = 0; s < SLOTS; s++) {
            const int r = row + s * int(opaque(step));
            if (r < count) f(s, r);
        }
    }

    // convert computes the values of the operand, four channels of all rows at a time: coefficients of more channels
    // would take too many registers.
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
                const Vector<T, 2> two = mma_input_pair<T>(f(j, p.e[i], q.e[i]), f(j + 1, p.e[i + 1], q.e[i + 1]));
                memcpy(&x[s].e[i * sizeof(T) / 4], &two, sizeof two);
            }
        }
    }
};
