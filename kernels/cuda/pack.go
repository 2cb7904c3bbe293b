//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// PackedWeights says where a convolution's weights lie among all parameters and where their copy goes, both counted in
// elements. A table of them in device memory is what PackWeights takes.
type PackedWeights struct {
	From, To      int32
	Out, Taps, In int32
	Transposed    int32 // 1 for the data gradient, else 0
}

// PackWeights copies the weights of `convs` convolutions, float32 (Out,Taps,In) at params, to dst as tensor cores take
// them: of type t, and float32 rounded to TF32 (10 bits of fraction, half away from zero). A transposed copy is that
// with which the data gradient is a convolution itself:
//
//	dst[To + (i*Taps + Taps-1-tap)*Out + o] = params[From + (o*Taps + tap)*In + i]
//
// most is how many elements the largest of them has. There are at most 65535.
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

// maxGridY is how far a grid reaches in its second dimension.
const maxGridY = 65535
