//go:build !nocuda

package cuda

import "resnet/gpu"

// Input normalises bytes by a table: y[i] = table[i%c][pixels[i]] of n elements. table is float32[c][256], pixels a
// tensor of bytes.
func (k *Kernels) Input(s *gpu.Stream, t gpu.DataType, y, pixels, table gpu.Ptr, c, n int) error {
	if err := check("input", n, y, pixels); err != nil || n == 0 {
		return err
	}
	return k.launchInput(s, k.flat(n, lanes(t)), flatBlock, t, y, pixels, table, c, n)
}

// Draw is one image of a batch: its index in the data set, and its augmentation. Pixel (y, x) in the batch is pixel
// (y+DY, x+DX) of the image, 0 outside it; if Flip is not 0, x counts from the right. It is 8 bytes, with the layout
// that the kernel reads.
type Draw struct {
	Index  int32
	DY, DX int8
	Flip   uint8
	_      uint8
}

// Gather assembles a batch of n images and labels from a data set in device memory. pixels (n,h,w,c) and dataset
// (any,h,w,c) are bytes, labels and datasetLabels int32, samples n of [Draw]. Unless stepParams is 0, it also copies
// the step scalars, float32[4], from stepParamsSrc to stepParams.
func (k *Kernels) Gather(s *gpu.Stream, pixels, labels, dataset, datasetLabels, samples, stepParams,
	stepParamsSrc gpu.Ptr, h, w, c, n int) error {
	if err := check("assemble_batch", n*h*w*c); err != nil || n*h*w*c == 0 {
		return err
	}
	const each = 4 // bytes that a thread copies
	grid := gpu.Dim3{X: n, Y: min(ceilDiv(h*w*c, each*blockThreads), k.blocks), Z: 1}
	return k.launchAssembleBatch(s, grid, flatBlock, pixels, labels, dataset, datasetLabels, samples,
		stepParams, stepParamsSrc, h, w, c)
}
