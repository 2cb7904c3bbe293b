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

// Batch is a batch to be made of N images and labels of a data set in device memory. Images are bytes (·,H,W,C), labels
// int32.
type Batch struct {
	Pixels, Labels               gpu.Ptr // the batch
	DatasetPixels, DatasetLabels gpu.Ptr
	// Samples say which images, and how each is augmented: 8 bytes each, int32 index, int8 dy and dx, a byte flip, one
	// that is not read.
	Samples gpu.Ptr
	// StepParams float32[4], unless it is 0, gets a copy of the step scalars in StepParamsSrc.
	StepParams, StepParamsSrc gpu.Ptr
	H, W, C, N                int
}

// AssembleBatch copies images and labels into a batch. Pixel (y, x) in the batch is pixel (y+dy, x+dx) of the image, 0
// outside it; if flip is not 0, x counts from the right.
func (k *Kernels) AssembleBatch(s *gpu.Stream, b Batch) error {
	size := b.H * b.W * b.C
	if err := check("assemble_batch", b.N*size); err != nil || b.N*size == 0 {
		return err
	}
	const each = 4 // bytes that a thread copies
	grid := gpu.Dim3{X: b.N, Y: min(ceilDiv(size, each*blockThreads), k.blocks), Z: 1}
	return k.launchAssembleBatch(s, grid, flatBlock, b.Pixels, b.Labels, b.DatasetPixels, b.DatasetLabels, b.Samples,
		b.StepParams, b.StepParamsSrc, b.H, b.W, b.C)
}
