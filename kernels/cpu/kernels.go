package cpu

import "unsafe"

// TileFunc multiplies rows of A by a panel of B. The tile of C, its result, stays in registers until it is complete:
//
//	c[i*ldc+j] (+)= sum over o < outer, p < k of a[i*lda+o*astep+p] * b[o*bstep+p*ldb+j]
//
// for i < rows and j < columns, which are constants of each TileFunc. A transposed one reads a[p*lda+o*astep+i].
// Strides count float32s. With acc 0 the sum is stored, with acc 1 it is added to c. With outer or k of 0 the sum is 0.
// In a convolution, outer is the number of kernel rows, and k the number of contiguous inputs under one of them.
//
// Nothing is checked: the pointers must be valid for all elements that the formula names. No others are touched.
type TileFunc func(outer, k int, a *float32, lda, astep int, b *float32, ldb, bstep int, c *float32, ldc int, acc int)

// Kernels holds the kernels of one instruction set.
type Kernels struct {
	ISA   ISA
	Lanes int // float32 per vector
	Rows  int // largest row count of Tile
	RowsT int // largest row count of TileT

	// Tile, and TileT for a transposed A, are indexed by [columns/Lanes-1][rows], with columns Lanes or 2*Lanes and
	// rows from 1. The more rows the faster: with at most 6 rows, 16 are better cut into 6+5+5 than into 6+6+4.
	Tile  [2][]TileFunc
	TileT [2][]TileFunc

	Winograd Winograd
	Resample Resample

	photograph photographKernels
	vector     vectorKernels
	peakFlops  int64 // floating-point operations of one round of peakFMA
}

// alignment is that of a cache line and of the widest vector, in bytes.
const alignment = 64

// Alloc returns n zeroed float32s that start on a 64-byte boundary.
func Alloc(n int) []float32 {
	const lanes = alignment / 4
	s := make([]float32, n+lanes-1)
	skip := 0
	if r := int(uintptr(unsafe.Pointer(unsafe.SliceData(s))) % alignment); r != 0 {
		skip = (alignment - r) / 4
	}
	return s[skip : skip+n : skip+n]
}
