//go:build !linux

package cpu

import kernels "resnet/kernels/cpu"

// allocate is cpu.Alloc: no huge pages are asked for here.
func allocate(floats int) []float32 { return kernels.Alloc(floats) }
