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

// AssembleBatch copies n images and labels of a data set in device memory into a batch. pixels (n,h,w,c) and dataset
// (any,h,w,c) are bytes, labels and datasetLabels int32. samples say which images, and how each is augmented: 8 bytes
// each, int32 index, int8 dy and dx, a byte flip, one that is not read. Pixel (y, x) in the batch is pixel (y+dy, x+dx)
// of the image, 0 outside it; if flip is not 0, x counts from the right. Unless stepParams is 0, the step scalars,
// float32[4], are copied too, from stepParamsSrc to stepParams.
func (k *Kernels) AssembleBatch(s *gpu.Stream, pixels, labels, dataset, datasetLabels, samples, stepParams,
	stepParamsSrc gpu.Ptr, h, w, c, n int) error {
	if err := check("assemble_batch", n*h*w*c); err != nil || n*h*w*c == 0 {
		return err
	}
	const each = 4 // bytes that a thread copies
	grid := gpu.Dim3{X: n, Y: min(ceilDiv(h*w*c, each*blockThreads), k.blocks), Z: 1}
	return k.launchAssembleBatch(s, grid, flatBlock, pixels, labels, dataset, datasetLabels, samples,
		stepParams, stepParamsSrc, h, w, c)
}
