//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// Pool is the geometry of a pooling layer: windows of KH x KW pixels on images of H x W x C, with Top and Left padding,
// and outputs of OH x OW x C. Windows are clipped to the image; each must contain a pixel.
type Pool struct{ H, W, C, OH, OW, KH, KW, StrideH, StrideW, Top, Left int }

// push adds the fields in the order of the kernels' struct.
func (p Pool) push(args *gpu.Args) {
	for _, v := range [...]int{p.H, p.W, p.C, p.OH, p.OW, p.KH, p.KW, p.StrideH, p.StrideW, p.Top, p.Left} {
		args.Int32(int32(v))
	}
}

func (p Pool) in(n int) int  { return n * p.H * p.W * p.C }
func (p Pool) out(n int) int { return n * p.OH * p.OW * p.C }

// check returns an error for windows without pixels.
func (p Pool) check(kernel string, n int, tensors ...gpu.Ptr) error {
	valid := func(size, out, window, stride, pad int) bool {
		return min(size, out, window, stride) > 0 && 0 <= pad && pad < window && (out-1)*stride-pad < size
	}
	if p.C < 1 || !valid(p.H, p.OH, p.KH, p.StrideH, p.Top) || !valid(p.W, p.OW, p.KW, p.StrideW, p.Left) {
		return fmt.Errorf("cuda: %s: %+v: want positive sizes, pads below the kernel and every window on the image",
			kernel, p)
	}
	return check(kernel, max(p.in(n), p.out(n)), tensors...)
}

// MaxPool is the largest pixel of each window, x (n,H,W,C) to y (n,OH,OW,C): the first of equal ones in row order. If
// there is a NaN, the result is NaN. Unless index is 0, index int32 (n,OH,OW,C) is set to the position of the maximum,
// counted row by row over the pixels of the window inside the image.
func (k *Kernels) MaxPool(s *gpu.Stream, t gpu.DataType, y, index, x gpu.Ptr, p Pool, n int) error {
	if err := p.check("maxpool", n, y, index, x); err != nil || n == 0 {
		return err
	}
	return k.launchMaxpool(s, k.flat(p.out(n), width(t, p.C)), flatBlock, t, y, index, x, p, n)
}

// MaxPoolBackward adds each dy (n,OH,OW,C) to dx (n,H,W,C) at the maximum of its window. Without accumulate, dx starts
// at 0. The order of the sums is fixed.
func (k *Kernels) MaxPoolBackward(s *gpu.Stream, t gpu.DataType, dx, dy, index gpu.Ptr, p Pool, accumulate bool,
	n int) error {
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

// AvgPoolBackward sums dy/(KH*KW) over all windows that contain a pixel, added to dx with accumulate. If the input of
// the pool is the output y of a ReLU, dx becomes the gradient of the ReLU's input: 0 where y <= 0. A y of 0 means no
// ReLU.
func (k *Kernels) AvgPoolBackward(s *gpu.Stream, t gpu.DataType, dx, dy, y gpu.Ptr, p Pool, accumulate bool,
	n int) error {
	if err := p.check("avgpool_backward", n, dx, dy, y); err != nil || n == 0 {
		return err
	}
	return k.launchAvgpoolBackward(s, k.flat(p.in(n), width(t, p.C)), flatBlock, t, dx, dy, y, p, accumulate, n)
}
