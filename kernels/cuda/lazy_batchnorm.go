//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// The fused kernels never store the output of a batch norm. Instead, each batch norm of c channels has a state in
// device memory, the norm: a tensor float32[NormRows*c] with rows scale, shift, mean, invstd, a, b and k. The kernel
// that writes the input x also computes its statistics and writes the first four rows; the kernel that writes the
// gradient g writes the others. A kernel that reads the output, or the gradient of the input, computes it from x, g and
// the state (src/lazy_batchnorm.cuh has the formulas).

// NormRows is the number of rows of c values in the state of a batch norm. The last row is unused.
const NormRows = 8

// NormBytes is the size of the state of a batch norm of c channels.
func NormBytes(c int) int64 { return 4 * NormRows * int64(c) }

// NormForward has what the statistics of a batch norm's input are computed with and written to. All but Norm are
// float32[c].
//
//	scale = weight*invstd,  shift = bias - mean*scale,  invstd = 1/sqrt(var+Eps)
//	running_mean = (1-Momentum)*running_mean + Momentum*mean
//	running_var = (1-Momentum)*running_var + Momentum*var*rows/(rows-1)
type NormForward struct {
	Norm, Weight, Bias, RunningMean, RunningVar gpu.Ptr
	Eps, Momentum                               float64
}

// push adds the fields in the order of the kernels' struct.
func (f NormForward) push(args *gpu.Args) {
	for _, p := range [...]gpu.Ptr{f.Norm, f.Weight, f.Bias, f.RunningMean, f.RunningVar} {
		args.Ptr(p)
	}
	args.Float64(f.Eps)
	args.Float64(f.Momentum)
}

// NormBackward has what the gradients of a batch norm are computed with and written to, besides the gradient g of its
// output. All but Norm and Input are float32[c].
//
//	DWeight = invstd*Σ g*(x-mean),  DBias = Σ g, and rows a, b and k of Norm
type NormBackward struct {
	Norm, Weight, DWeight, DBias gpu.Ptr
	ReLU                         bool    // the output of the norm went through a ReLU
	Input                        gpu.Ptr // x, rows x c
}

// push adds the fields in the order of the kernels' struct, and padding after the last one.
func (b NormBackward) push(args *gpu.Args) {
	for _, p := range [...]gpu.Ptr{b.Norm, b.Weight, b.DWeight, b.DBias, b.Input} {
		args.Ptr(p)
	}
	args.Uint32(flag(b.ReLU))
	args.Uint32(0)
}

// NormEntry is one of the batch norms of NormInference, of C channels, with the layout that the kernel reads: 56 bytes.
type NormEntry struct {
	Weight, Bias, RunningMean, RunningVar, Norm gpu.Ptr
	Eps                                         float64
	C                                           uint32
	_                                           uint32
}

// NormInference computes scale and shift of many norms from their running statistics. table is an array of `norms`
// [NormEntry] in device memory; most is the largest number of channels of one of them.
func (k *Kernels) NormInference(s *gpu.Stream, table gpu.Ptr, norms, most int) error {
	if err := check("norm_inference", norms*most, table); err != nil || norms*most == 0 {
		return err
	}
	const block = 64 // threads: most norms have a few hundred channels at most
	grid := gpu.Dim3{X: ceilDiv(most, block), Y: norms, Z: 1}
	return k.launchNormInference(s, grid, gpu.Dim3{X: block, Y: 1, Z: 1}, table)
}

// doneBytes is the size of the block counter before the partial sums, in the scratch of kernels whose last block adds
// these up.
const doneBytes = 16

// NormScratch is the size of NormStatistics' scratch in bytes. It must be zero before the first launch; each launch
// leaves it ready for the next.
func NormScratch(rows, c int) int64 {
	if rows == 0 {
		return 0
	}
	const part = 8 // bytes: two floats
	count, _ := chunks(rows, c)
	return doneBytes + part*int64(count)*int64(c)
}

// NormStatistics computes the state of a norm, and updates its running statistics, from x, rows x c.
func (k *Kernels) NormStatistics(s *gpu.Stream, t gpu.DataType, x gpu.Ptr, f NormForward, rows, c int,
	scratch gpu.Ptr) error {
	if err := checkNorm("norm_statistics", rows, c, x, f.Norm, scratch); err != nil || rows == 0 {
		return err
	}
	grid, block, size := reduction(t, rows, c)
	return k.launchNormStatistics(s, grid, block, t, x, f, scratch.Add(doneBytes), scratch, rows, c, size)
}

// checkNorm is check, and refuses numbers of channels that are no multiple of 8.
func checkNorm(kernel string, rows, c int, tensors ...gpu.Ptr) error {
	if c%8 != 0 {
		return fmt.Errorf("cuda: %s: %d channels, want a multiple of 8: use batch normalisation of its own there",
			kernel, c)
	}
	return check(kernel, rows*c, tensors...)
}
