//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// PackedWeights says where the weights of a convolution are among the parameters, and where their copy goes, both as
// offsets in elements. PackWeights reads a table of them in device memory.
type PackedWeights struct {
	From, To      int32
	Out, Taps, In int32
	Transposed    int32 // 1 for the data gradient, else 0
}

// PackWeights copies the weights of `convs` convolutions, float32 (Out,Taps,In) in params, to dst for the tensor cores:
// in type t, where float32 is rounded to TF32 (10 bits of fraction, ties away from zero). With a transposed copy, the
// data gradient is a convolution:
//
//	dst[To + (i*Taps + Taps-1-tap)*Out + o] = params[From + (o*Taps + tap)*In + i]
//
// most is the number of elements of the largest of them. convs is at most 65535.
func (k *Kernels) PackWeights(s *gpu.Stream, t gpu.DataType, dst, params, table gpu.Ptr, convs, most int) error {
	if convs > maxGridY {
		return fmt.Errorf("cuda: pack_weights: %d convolutions, want at most %d", convs, maxGridY)
	}
	if err := check("pack_weights", convs*most, dst, params); err != nil || convs*most == 0 {
		return err
	}
	grid := k.flat(most, 1)
	grid.Y = convs
	return k.launchPackWeights(s, grid, flatBlock, t, dst, params, table)
}

// maxGridY is the largest second dimension of a grid.
const maxGridY = 65535
