//go:build !nocuda

package cuda

import "resnet/gpu"

// ReLU is y = max(x, 0) of n elements. A NaN stays NaN. y may be x.
func (k *Kernels) ReLU(s *gpu.Stream, t gpu.DataType, y, x gpu.Ptr, n int) error {
	if err := check("relu", n, y, x); err != nil || n == 0 {
		return err
	}
	return k.launchRelu(s, k.flat(n, lanes(t)), flatBlock, t, y, x, n)
}

// ReLUBackward is the gradient of ReLU with output y: dx = dy, but 0 where y <= 0. With accumulate it is added to dx. A
// NaN in y lets dy pass, as in PyTorch. dx may be dy.
func (k *Kernels) ReLUBackward(s *gpu.Stream, t gpu.DataType, dx, dy, y gpu.Ptr, accumulate bool, n int) error {
	if err := check("relu_backward", n, dx, dy, y); err != nil || n == 0 {
		return err
	}
	return k.launchReluBackward(s, k.flat(n, lanes(t)), flatBlock, t, dx, dy, y, accumulate, n)
}

// Add is the sum at the end of a residual block: y = a + b of n elements, with relu max(a+b, 0). A NaN stays NaN. y may
// be a or b.
func (k *Kernels) Add(s *gpu.Stream, t gpu.DataType, y, a, b gpu.Ptr, relu bool, n int) error {
	if err := check("add", n, y, a, b); err != nil || n == 0 {
		return err
	}
	return k.launchAdd(s, k.flat(n, lanes(t)), flatBlock, t, y, a, b, relu, n)
}

// Accumulate is dx += dy of n elements.
func (k *Kernels) Accumulate(s *gpu.Stream, t gpu.DataType, dx, dy gpu.Ptr, n int) error {
	if err := check("accumulate", n, dx, dy); err != nil || n == 0 {
		return err
	}
	return k.launchAccumulate(s, k.flat(n, lanes(t)), flatBlock, t, dx, dy, n)
}
