//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// splitSum is one vector of float32: the sum of `splits` vectors, stored one after the other in part.
type splitSum struct {
	part, sum    gpu.Ptr
	size, splits int // size is a multiple of sumElements
}

// SplitSums are the vectors of one launch.
type SplitSums []splitSum

const (
	splitSums   = 24  // most vectors of a launch
	sumElements = 128 // elements of a block
)

// sumSplits adds up the vectors in float64, each in an order that depends on its number of splits alone.
func (k *Kernels) sumSplits(s *gpu.Stream, sums SplitSums) error {
	if len(sums) > splitSums {
		return fmt.Errorf("cuda: split sums: %d in a launch, want at most %d", len(sums), splitSums)
	}
	blocks := 0
	for _, sum := range sums {
		blocks += sum.size / sumElements
	}
	if blocks == 0 {
		return nil
	}
	return k.launchSplitSums(s, gpu.Dim3{X: blocks, Y: 1, Z: 1}, flatBlock, sums, len(sums))
}

// push adds the fields in the order of the kernels' struct, a struct of arrays.
func (l SplitSums) push(args *gpu.Args) {
	var all [splitSums]splitSum
	copy(all[:], l)
	for _, sum := range all {
		args.Ptr(sum.part)
	}
	for _, sum := range all {
		args.Ptr(sum.sum)
	}
	for _, sum := range all {
		args.Uint32(uint32(sum.size))
	}
	for _, sum := range all {
		args.Uint32(uint32(sum.splits))
	}
	first := 0
	for _, sum := range all {
		args.Uint32(uint32(first))
		first += sum.size / sumElements
	}
}
