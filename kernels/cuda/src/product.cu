// d = a b, the product of one mma: float32, 16 x 8. a is 16 x k, where k is Product<T>::k. b is k x 8 for 16-bit types,
// but its transpose, 8 x k, for float32, which ldmatrix cannot transpose; a is rounded by to_tf32. The operands are
// copied, loaded and multiplied as in the other kernels for tensor cores, so that a wrong product tells of them all.
// The block is one warp, with dynamic shared memory for a and b.
KERNEL_T(product, (float *d, const T *a, const T *b)) {
    follow_previous();
    constexpr int k = Product<T>::k, lanes = Lanes<T>::n;
    DYNAMIC_SHARED(T, rows); // of a, then of b
    T *const b_rows = rows + 16 * k;
    const unsigned lane = threadIdx.x;
    copy_async(rows + lane * lanes, a + lane * lanes);
    copy_commit();
    if (lane < 16) copy_async(b_rows + lane * lanes, b + lane * lanes);
    copy_commit();
    copy_wait<1>();
    if (sizeof(T) == 4) {
        float *const mine = reinterpret_cast<float *>(rows) + lane * 4;
        for (int i = 0; i < 4; i++) mine[i] = to_tf32(mine[i]);
    }
    __syncwarp();
    unsigned a_part[4], b_part[2];
    ldmatrix(a_part, rows + lane % 16 * k + lane / 16 * lanes);
    copy_wait<0>();
    __syncwarp();
    if (sizeof(T) == 4) ldmatrix(b_part, b_rows + lane % 8 * k + lane / 8 % 2 * lanes);
    else ldmatrix_transposed(b_part, b_rows + lane % 16 * lanes);
    float sum[4] = {};
    mma(sum, a_part, b_part, T());
    for (int i = 0; i < 4; i++) d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sum[i];
}
