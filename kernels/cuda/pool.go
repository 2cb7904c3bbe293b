//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// Pool is windows of KH x KW pixels on images of H x W x C, moved by the strides, from Top rows above and Left columns
// left of the image. Images of OH x OW x C come out. Windows are clipped to the image; none lies outside.
type Pool struct{ H, W, C, OH, OW, KH, KW, StrideH, StrideW, Top, Left int }

// push adds the fields in the order of the kernels' struct.
func (p Pool) push(args *gpu.Args) {
	for _, v := range [...]int{p.H, p.W, p.C, p.OH, p.OW, p.KH, p.KW, p.StrideH, p.StrideW, p.Top, p.Left} {
		args.Int32(int32(v))
	}
}

func (p Pool) in(n int) int  { return n * p.H * p.W * p.C }
func (p Pool) out(n int) int { return n * p.OH * p.OW * p.C }

// check refuses windows that see no pixel.
func (p Pool) check(kernel string, n int, tensors ...gpu.Ptr) error {
	seen := func(size, out, window, stride, pad int) bool {
		return min(size, out, window, stride) > 0 && 0 <= pad && pad < window && (out-1)*stride-pad < size
	}
	if p.C < 1 || !seen(p.H, p.OH, p.KH, p.StrideH, p.Top) || !seen(p.W, p.OW, p.KW, p.StrideW, p.Left) {
		return fmt.Errorf("cuda: %s: %+v: want positive sizes, pads below the kernel and every window on the image", kernel, p)
	}
	return check(kernel, max(p.in(n), p.out(n)), tensors...)
}

// MaxPool is the largest pixel of each window, x (n,H,W,C) to y (n,OH,OW,C): the first of equal ones in row order. A NaN
// wins and stays. index int32 (n,OH,OW,C) gets the winner's position, counted row by row over the pixels of the window
// that lie inside the image; where it is 0 none is written.
func (k *Kernels) MaxPool(s *gpu.Stream, t gpu.DataType, y, index, x gpu.Ptr, p Pool, n int) error {
	if err := p.check("maxpool", n, y, index, x); err != nil || n == 0 {
		return err
	}
	return k.launchMaxpool(s, k.flat(p.out(n), width(t, p.C)), flatBlock, t, y, index, x, p, n)
}

// MaxPoolBackward gives each dy (n,OH,OW,C) to the pixel that won; dx (n,H,W,C) is the sum of what a pixel gets, added
// to dx with accumulate. It adds in a fixed order.
func (k *Kernels) MaxPoolBackward(s *gpu.Stream, t gpu.DataType, dx, dy, index gpu.Ptr, p Pool, accumulate bool, n int) error {
	if err := p.check("maxpool_backward", n, dx, dy, index); err != nil || n == 0 {
		return err
	}
	return k.launchMaxpoolBackward(s, k.flat(p.in(n), width(t, p.C)), flatBlock, t, dx, dy, index, p, accumulate, n)
}

// AvgPool is the mean over each window, x (n,H,W,C) to y (n,OH,OW,C). Padding counts as zeros in the sum and in the
// divisor KH*KW.
func (k *Kernels) AvgPool(s *gpu.Stream, t gpu.DataType, y, x gpu.Ptr, p Pool, n int) error {
	if err := p.check("avgpool", n, y, x); err != nil || n == 0 {
		return err
	}
	return k.launchAvgpool(s, k.flat(p.out(n), width(t, p.C)), flatBlock, t, y, x, p, n)
}

// AvgPoolBackward gives each pixel dy/(KH*KW) of every window that sees it, added to dx with accumulate. Where the pool's
// input came out of a ReLU as y, dx becomes the gradient in front of it: 0 where y <= 0. y may be 0.
func (k *Kernels) AvgPoolBackward(s *gpu.Stream, t gpu.DataType, dx, dy, y gpu.Ptr, p Pool, accumulate bool, n int) error {
	if err := p.check("avgpool_backward", n, dx, dy, y); err != nil || n == 0 {
		return err
	}
	return k.launchAvgpoolBackward(s, k.flat(p.in(n), width(t, p.C)), flatBlock, t, dx, dy, y, p, accumulate, n)
}
