//go:build !nocuda

package cuda_test

import (
	"testing"

	"resnet/gpu/gputest"
)

// The tests of this package share one context, with two backends in a row and at a time.
func TestCUDAOneContext(t *testing.T) {
	gputest.OneContext(t, []string{"-test.run=^(TestCUDAKernelCount|TestCUDARoofline|TestCUDAState)$"}, 8)
}
