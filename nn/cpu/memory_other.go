//go:build !linux

package cpu

import kernels "resnet/kernels/cpu"

// allocate is kernels.Alloc; huge pages are requested on Linux only.
func allocate(floats int) []float32 { return kernels.Alloc(floats) }
