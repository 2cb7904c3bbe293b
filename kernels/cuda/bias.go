//go:build !nocuda

package cuda

import "resnet/gpu"

// Bias adds a bias per channel in place: y[i] += bias[i%c] of n elements, with relu max(y, 0). A NaN stays NaN.
// bias float32[c] is a tensor.
func (k *Kernels) Bias(s *gpu.Stream, t gpu.DataType, y, bias gpu.Ptr, relu bool, c, n int) error {
	if err := check("bias", n, y, bias); err != nil || n == 0 {
		return err
	}
	grid, block := k.rows(t, n/c, c)
	return k.launchBias(s, grid, block, t, y, bias, relu, n/c, c)
}

// BiasScratch is the size of BiasBackward's scratch in bytes.
func BiasScratch(rows, c int) int64 {
	if rows == 0 {
		return 0
	}
	count, _ := chunks(rows, c)
	return int64(count) * int64(c) * 4
}

// BiasBackward is the gradient of a bias: dbias[j] = Σ_r dy[r,j], float32[c], over rows. Each chunk of rows is summed
// in float32, the chunks in float64.
func (k *Kernels) BiasBackward(s *gpu.Stream, t gpu.DataType, dbias, dy, scratch gpu.Ptr, rows, c int) error {
	if err := check("bias_backward", rows*c, dy); err != nil || rows*c == 0 {
		return err
	}
	grid, block, size := reduction(t, rows, c)
	if grid.Y == 1 {
		return k.launchBiasBackward(s, grid, block, t, dbias, dy, rows, c, size)
	}
	if err := k.launchBiasBackward(s, grid, block, t, scratch, dy, rows, c, size); err != nil {
		return err
	}
	return k.launchBiasFinish(s, channelGrid(c), channelBlock, dbias, scratch, grid.Y, c)
}
