// Checks guard zones: adds to count how many words differ from the one that they were filled with.
KERNEL(not_equal, (const uint32_t *x, uint32_t word, int32_t *count, unsigned n)) {
    int differ[1] = {};
    for (unsigned i = thread_index(); i < n; i += thread_count()) differ[0] += x[i] != word;
    block_sum(differ, 1);
    if (threadIdx.x == 0 && differ[0]) atomicAdd(count, differ[0]);
}
