//go:build !nocuda

package cuda

import "resnet/gpu"

// Input turns bytes into normalised values by a table: y[i] = table[i%c][pixels[i]] of n elements. table is
// float32[c][256], pixels a tensor of bytes.
func (k *Kernels) Input(s *gpu.Stream, t gpu.DataType, y, pixels, table gpu.Ptr, c, n int) error {
	if err := check("input", n, y, pixels); err != nil || n == 0 {
		return err
	}
	return k.launchInput(s, k.flat(n, lanes(t)), flatBlock, t, y, pixels, table, c, n)
}

// Draw says which image of a data set a place in the batch gets, and how it is augmented: its pixel (y, x) is the set's
// (y+DY, x+DX), 0 outside, where x counts from the right with a Flip of other than 0. It is 8 bytes, as on the device.
type Draw struct {
	Index  int32
	DY, DX int8
	Flip   uint8
	_      uint8
}

// Gather picks a batch of n images and labels from a data set in device memory. pixels (n,h,w,c) and set (any,h,w,c) are
// bytes, labels and setLabels int32, draws n of [Draw]. It also copies the step's scalars, float32[4], from hypers to
// hyper, unless hyper is 0.
func (k *Kernels) Gather(s *gpu.Stream, pixels, labels, set, setLabels, draws, hyper, hypers gpu.Ptr, h, w, c, n int) error {
	if err := check("gather", n*h*w*c); err != nil || n*h*w*c == 0 {
		return err
	}
	const each = 4 // bytes that a thread copies
	grid := gpu.Dim3{X: n, Y: min(ceilDiv(h*w*c, each*blockThreads), k.blocks), Z: 1}
	return k.launchGather(s, grid, flatBlock, pixels, labels, set, setLabels, draws, hyper, hypers, h, w, c)
}
