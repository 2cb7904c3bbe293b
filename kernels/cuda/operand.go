//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// The fused kernels never store what a batch norm puts out. Each batch norm of c channels has a state in device memory
// instead, the norm: a tensor float32[NormRows*c] with rows scale, shift, mean, invstd, a, b and k. Who writes its
// input x also sums up x's statistics and leaves the first four; who writes its gradient g leaves the others; and
// whoever reads the output or passes the gradient on computes it from x and g (lazy_batchnorm.cuh has the formulas).

// NormRows is how many rows of c values a batch norm's state has. The last is unused.
const NormRows = 8

// NormBytes is how many bytes the state of a batch norm of c channels has.
func NormBytes(c int) int64 { return 4 * NormRows * int64(c) }

// OperandKind is how an operand comes from memory.
type OperandKind int

const (
	Plain        OperandKind = iota // as it is
	Normalized                      // through a batch norm
	NormGradient                    // a gradient, back through a batch norm
)

// Operand is a matrix of rows x c that a fused kernel multiplies. Its elements are computed in float32 and rounded to
// the element type, float32 to TF32:
//
//	Plain         X
//	Normalized    X*scale + shift, with ReLU max(0, ·)
//	NormGradient  X*a + (Input-mean)*b + k
type Operand struct {
	Kind  OperandKind
	X     gpu.Ptr // rows x c; NormGradient: the gradient of the norm's output behind its ReLU
	Input gpu.Ptr // NormGradient: rows x c, what the norm normalised
	Norm  gpu.Ptr // Normalized, NormGradient: the norm's state
	ReLU  bool    // Normalized
}

// push adds the fields in the order of the kernels' OperandArgs.
func (o Operand) push(args *gpu.Args) {
	args.Ptr(o.X)
	args.Ptr(o.Input)
	args.Ptr(o.Norm)
	args.Uint32(uint32(o.Kind))
	args.Uint32(flag(o.ReLU))
}

// check refuses an operand that lacks what its kind reads.
func (o Operand) check(kernel string) error {
	if o.Kind < Plain || o.Kind > NormGradient {
		return fmt.Errorf("cuda: %s: operand of kind %d, want Plain, Normalized or NormGradient", kernel, o.Kind)
	}
	if o.X == 0 || o.Kind != Plain && o.Norm == 0 || o.Kind == NormGradient && o.Input == 0 {
		return fmt.Errorf("cuda: %s: operand of kind %d with X %#x, Norm %#x, Input %#x: one that it reads is missing",
			kernel, o.Kind, uintptr(o.X), uintptr(o.Norm), uintptr(o.Input))
	}
	return nil
}

// NormForward is what finishing the statistics of a batch norm's input needs. All but Norm are float32[c].
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

// NormBackward is what a batch norm's gradient needs beside the gradient of its output. All but Norm and Input are
// float32[c].
//
//	DWeight = invstd*Σ g*(x-mean),  DBias = Σ g, and rows a, b and k of Norm
type NormBackward struct {
	Norm, Weight, DWeight, DBias gpu.Ptr
	ReLU                         bool    // behind the norm
	Input                        gpu.Ptr // x, rows x c
}

// push adds the fields in the order of the kernels' struct, and what fills up its last word.
func (b NormBackward) push(args *gpu.Args) {
	for _, p := range [...]gpu.Ptr{b.Norm, b.Weight, b.DWeight, b.DBias, b.Input} {
		args.Ptr(p)
	}
	args.Uint32(flag(b.ReLU))
	args.Uint32(0)
}
