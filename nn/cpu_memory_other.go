//go:build !linux

package nn

import "resnet/kernels/cpu"

// allocate is cpu.Alloc: no huge pages are asked for here.
func allocate(floats int) []float32 { return cpu.Alloc(floats) }
