//go:build !nocuda

package cuda

import "resnet/gpu"

// NotFinite adds the number of NaN and infinite elements among the n of x to count, an int32.
func (k *Kernels) NotFinite(s *gpu.Stream, t gpu.DataType, x, count gpu.Ptr, n int) error {
	if err := check("not_finite", n, x); err != nil || n == 0 {
		return err
	}
	return k.launchNotFinite(s, k.flat(n, lanes(t)), flatBlock, t, x, count, n)
}

// NotEqual adds the number of the n 32-bit words of x that differ from word to count, an int32.
func (k *Kernels) NotEqual(s *gpu.Stream, x gpu.Ptr, word uint32, count gpu.Ptr, n int) error {
	if err := check("not_equal", n); err != nil || n == 0 {
		return err
	}
	return k.launchNotEqual(s, k.flat(n, 1), flatBlock, x, word, count, n)
}
