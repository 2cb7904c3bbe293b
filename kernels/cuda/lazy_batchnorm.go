//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// NormEntry is a batch norm of C channels among those of NormInference, as in device memory: 56 bytes.
type NormEntry struct {
	Weight, Bias, RunningMean, RunningVar, Norm gpu.Ptr
	Eps                                         float64
	C                                           uint32
	_                                           uint32
}

// NormInference makes scale and shift of many norms from running statistics. table is an array of [NormEntry], of which
// the largest has most channels.
func (k *Kernels) NormInference(s *gpu.Stream, table gpu.Ptr, norms, most int) error {
	if err := check("norm_inference", norms*most, table); err != nil || norms*most == 0 {
		return err
	}
	const block = 64 // threads: few norms have more channels than some hundred
	return k.launchNormInference(s, gpu.Dim3{X: ceilDiv(most, block), Y: norms, Z: 1}, gpu.Dim3{X: block, Y: 1, Z: 1}, table)
}

// doneBytes are those of the counter in front of the partial sums of a kernel whose last block adds them up.
const doneBytes = 16

// NormScratch is how many bytes NormStatistics and NormReduce need. They must be zero before their first use; both leave
// them ready for the next.
func NormScratch(rows, c int) int64 {
	if rows == 0 {
		return 0
	}
	const part = 8 // bytes: two floats
	count, _ := chunks(rows, c)
	return doneBytes + part*int64(count)*int64(c)
}

// NormStatistics makes the state of a norm and moves its running statistics by those of x, rows x c.
func (k *Kernels) NormStatistics(s *gpu.Stream, t gpu.DataType, x gpu.Ptr, f NormForward, rows, c int, scratch gpu.Ptr) error {
	if err := checkNorm("norm_statistics", rows, c, x, f.Norm, scratch); err != nil || rows == 0 {
		return err
	}
	grid, block, size := reduction(t, rows, c)
	return k.launchNormStatistics(s, grid, block, t, x, f, scratch.Add(doneBytes), scratch, rows, c, size)
}

// NormReduce makes the gradients of a norm from dy, the gradient of its output: g, rows x c, is dy, with f.ReLU masked to
// 0 where x*scale + shift <= 0. g may be dy.
func (k *Kernels) NormReduce(s *gpu.Stream, t gpu.DataType, g, dy gpu.Ptr, f NormBackward, rows, c int, scratch gpu.Ptr) error {
	if err := checkNorm("norm_reduce", rows, c, g, dy, f.Input, f.Norm, scratch); err != nil || rows == 0 {
		return err
	}
	grid, block, size := reduction(t, rows, c)
	return k.launchNormReduce(s, grid, block, t, g, dy, f, scratch.Add(doneBytes), scratch, rows, c, size)
}

// checkNorm refuses what check does and channels that do not come in eights.
func checkNorm(kernel string, rows, c int, tensors ...gpu.Ptr) error {
	if c%8 != 0 {
		return fmt.Errorf("cuda: %s: %d channels, want a multiple of 8: use batch normalisation of its own there", kernel, c)
	}
	return check(kernel, rows*c, tensors...)
}
