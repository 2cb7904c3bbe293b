//go:build !nocuda

package cuda

import (
	"unsafe"

	"resnet/gpu"
)

// Cast rounds n float32 to type t, to nearest even; values that are too large become infinite.
func (k *Kernels) Cast(s *gpu.Stream, t gpu.DataType, dst, src gpu.Ptr, n int) error {
	if err := check("cast", n, dst, src); err != nil || n == 0 {
		return err
	}
	return k.launchCast(s, k.flat(n, lanes(t)), flatBlock, t, dst, src, n)
}

// Uncast converts n elements of type t to float32, exactly.
func (k *Kernels) Uncast(s *gpu.Stream, t gpu.DataType, dst, src gpu.Ptr, n int) error {
	if err := check("uncast", n, dst, src); err != nil || n == 0 {
		return err
	}
	return k.launchUncast(s, k.flat(n, lanes(t)), flatBlock, t, dst, src, n)
}

// ScaleState is the state of dynamic loss scaling (Micikevicius et al. 2018), with the layout that kernels use. It
// starts as {Scale: s, Inv: 1/s}.
type ScaleState struct {
	Scale, Inv float32 // the loss is multiplied by Scale, gradients by Inv
	Found      int32   // Unscale has found a NaN or infinite gradient
	Skip       int32   // skip the update of this step
	Good       int32   // steps without skipping since Scale last changed
}

// ScaleSkip is the address of the Skip of a state, for the optimisers. The address of its Scale is the state's own.
func ScaleSkip(state gpu.Ptr) gpu.Ptr {
	return state.Add(int64(unsafe.Offsetof(ScaleState{}.Skip)))
}

// Unscale multiplies n gradients, float32, by state.Inv and sets state.Found if any was NaN or infinite.
func (k *Kernels) Unscale(s *gpu.Stream, g, state gpu.Ptr, n int) error {
	if err := check("unscale", n, g); err != nil || n == 0 {
		return err
	}
	return k.launchUnscale(s, k.flat(n, vectorBytes/4), flatBlock, g, state, n)
}

// ScaleUpdate is called once per step, after all gradients: it sets Skip to Found, and Found to 0. A step to skip
// halves Scale, but not below 1; 2000 other steps in a row double it, but not beyond 2^24. PyTorch's GradScaler has the
// same numbers, without bounds.
func (k *Kernels) ScaleUpdate(s *gpu.Stream, state gpu.Ptr) error {
	one := gpu.Dim3{X: 1, Y: 1, Z: 1}
	return k.launchScaleUpdate(s, one, one, state)
}
