//go:build !nocuda

package cuda

import "resnet/gpu"

// Border is zero padding around images of H x W x C.
type Border struct{ H, W, C, Top, Left, Bottom, Right int }

// push adds the fields in the order of the kernels' struct.
func (b Border) push(args *gpu.Args) {
	for _, v := range [...]int{b.H, b.W, b.C, b.Top, b.Left, b.Bottom, b.Right} {
		args.Uint32(uint32(v))
	}
}

func (b Border) in(n int) int  { return n * b.H * b.W * b.C }
func (b Border) out(n int) int { return n * (b.Top + b.H + b.Bottom) * (b.Left + b.W + b.Right) * b.C }

// Pad pads images with zeros: x (n,h,w,c) to y (n,top+h+bottom,left+w+right,c).
func (k *Kernels) Pad(s *gpu.Stream, t gpu.DataType, y, x gpu.Ptr, b Border, n int) error {
	if err := check("pad", b.out(n), y, x); err != nil || b.out(n) == 0 {
		return err
	}
	return k.launchPad(s, k.flat(b.out(n), width(t, b.C)), flatBlock, t, y, x, b, n)
}

// Crop is the gradient of Pad: dx (n,h,w,c) is the inner part of dy (n,top+h+bottom,left+w+right,c), added to dx with
// accumulate.
func (k *Kernels) Crop(s *gpu.Stream, t gpu.DataType, dx, dy gpu.Ptr, b Border, accumulate bool, n int) error {
	if err := check("crop", b.out(n), dx, dy); err != nil || b.in(n) == 0 {
		return err
	}
	return k.launchCrop(s, k.flat(b.in(n), width(t, b.C)), flatBlock, t, dx, dy, b, accumulate, n)
}
