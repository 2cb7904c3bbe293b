//go:build !nocuda

package cuda

import (
	"testing"

	"resnet/gpu"
)

// Tiles cover all channels and few more, and fit into a block.
func TestTile(t *testing.T) {
	for _, dt := range dtypes {
		for c := 1; c <= 2100; c++ {
			block, across := tile(dt, c)
			vectors := c / width(dt, c)
			if threads := block.X * block.Y; threads > blockThreads || block.X > 32 || threads <= blockThreads-block.X {
				t.Fatalf("%s c=%d: block %v", name(dt), c, block)
			}
			if idle := block.X*across - vectors; idle < 0 || idle >= across {
				t.Fatalf("%s c=%d: %d tiles of %d for %d vectors", name(dt), c, across, block.X, vectors)
			}
		}
	}
}

// Chunks cover all rows, none is empty, and there are few.
func TestChunks(t *testing.T) {
	for _, c := range []int{1, 3, 16, 64, 130, 2048} {
		for _, rows := range []int{1, 2, 63, 64, 65, 1000, 12345, 1 << 20} {
			count, size := chunks(rows, c)
			if count < 1 || count > 512 || count*size < rows || (count-1)*size >= rows {
				t.Errorf("rows=%d c=%d: %d chunks of %d rows", rows, c, count, size)
			}
		}
	}
}

// A grid has at most as many blocks as fill the device, and is never empty.
func TestGrid(t *testing.T) {
	k := &Kernels{blocks: 10}
	for n := 1; n < 20000; n += 77 {
		if x := k.flat(n, 4).X; x != min(ceilDiv(n, 4*blockThreads), 10) {
			t.Fatalf("flat: %d blocks for %d elements", x, n)
		}
		grid, block := k.rows(gpu.Float32, n, 260)
		if grid.X*block.X != 66 || grid.Y < 1 || grid.Y > 5 {
			t.Fatalf("rows: grid %v of %v for %d rows", grid, block, n)
		}
	}
}
