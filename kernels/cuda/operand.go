//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// OperandKind says how an operand is computed from what is in memory.
type OperandKind int

const (
	Plain        OperandKind = iota // the stored matrix
	Normalized                      // the output of a batch norm
	NormGradient                    // the gradient of a batch norm's input
)

// Operand is a matrix of rows x c that a fused kernel multiplies. Its elements are computed in float32 and rounded to
// the element type, or to TF32 for float32:
//
//	Plain         X
//	Normalized    X*scale + shift, with ReLU max(0, ·)
//	NormGradient  X*a + (Input-mean)*b + k
type Operand struct {
	Kind  OperandKind
	X     gpu.Ptr // rows x c; NormGradient: the gradient of the norm's output, masked by its ReLU
	Input gpu.Ptr // NormGradient: rows x c, the norm's input
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

// check returns an error if a matrix or state that the kind reads is missing.
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
