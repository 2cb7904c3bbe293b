//go:build !nocuda

package cuda

import (
	"fmt"
	"math"

	"resnet/gpu"
)

const (
	blockThreads    = 256
	residentThreads = 2048 // of a multiprocessor; older ones have fewer, and the remaining blocks wait
	vectorBytes     = 16   // that a thread loads or stores at once
)

var flatBlock = gpu.Dim3{X: blockThreads, Y: 1, Z: 1}

// lanes is how many elements a thread loads or stores at once.
func lanes(t gpu.DataType) int {
	if t == gpu.Float32 {
		return vectorBytes / 4
	}
	return vectorBytes / 2
}

// width is how many channels a thread loads or stores at once: whole vectors, or single channels where c is no multiple
// of these.
func width(t gpu.DataType, c int) int {
	if v := lanes(t); c%v == 0 {
		return v
	}
	return 1
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// flat is the grid of a loop over n elements in vectors of v, with at most as many blocks as fill the device.
func (k *Kernels) flat(n, v int) gpu.Dim3 {
	return gpu.Dim3{X: min(ceilDiv(ceilDiv(n, v), blockThreads), k.blocks), Y: 1, Z: 1}
}

// tile is the block of a kernel over rows of c channels, and the number of blocks across the channels. A warp accesses
// contiguous memory, whether c is small or large.
func tile(t gpu.DataType, c int) (block gpu.Dim3, across int) {
	const warp = 32
	vectors := c / width(t, c)
	across = ceilDiv(vectors, warp)
	x := ceilDiv(vectors, across)
	return gpu.Dim3{X: x, Y: blockThreads / x, Z: 1}, across
}

// rows is the grid and block of a kernel that computes each row independently.
func (k *Kernels) rows(t gpu.DataType, rows, c int) (grid, block gpu.Dim3) {
	block, across := tile(t, c)
	down := max(min(ceilDiv(rows, block.Y), k.blocks/across), 1)
	return gpu.Dim3{X: across, Y: down, Z: 1}, block
}

// chunks divides rows for a kernel that sums over them. It returns the number of chunks, and the rows of each but the
// last. They depend on the shape alone, and so do the sums.
func chunks(rows, c int) (count, size int) {
	const (
		blocks   = 512  // about four for each multiprocessor of the largest GPU
		channels = 128  // of a tile of float32
		least    = 64   // rows of a chunk
		elements = 4096 // of a chunk
	)
	count = min(max(blocks/ceilDiv(c, channels), 1), ceilDiv(rows, max(least, elements/c)))
	size = ceilDiv(rows, count)
	return ceilDiv(rows, size), size
}

// reduction is the grid and block of a kernel that sums over chunks of rows, and the rows of a chunk.
func reduction(t gpu.DataType, rows, c int) (grid, block gpu.Dim3, size int) {
	block, across := tile(t, c)
	count, size := chunks(rows, c)
	return gpu.Dim3{X: across, Y: count, Z: 1}, block, size
}

// channelBlock is 8 channels by 32 threads, which divide the chunks of a channel among them.
var channelBlock = gpu.Dim3{X: 8, Y: blockThreads / 8, Z: 1}

func channelGrid(c int) gpu.Dim3 { return gpu.Dim3{X: ceilDiv(c, channelBlock.X), Y: 1, Z: 1} }

// check returns an error for sizes beyond the kernels' 32-bit indices, and for addresses that 16-byte accesses cannot
// use.
func check(kernel string, n int, tensors ...gpu.Ptr) error {
	if n < 0 || n > math.MaxInt32 {
		return fmt.Errorf("cuda: %s: %d elements, want 0 to %d: try a smaller batch", kernel, n, math.MaxInt32)
	}
	for i, p := range tensors {
		if p%vectorBytes != 0 {
			return fmt.Errorf("cuda: %s: tensor %d of %d is at %#x, want a multiple of %d",
				kernel, i+1, len(tensors), uintptr(p), vectorBytes)
		}
	}
	return nil
}

// flag is a bool as a kernel argument.
func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
