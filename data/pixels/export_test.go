package pixels

import "resnet/kernels/cpu"

// NewResizer returns a Resizer that uses an instruction set.
func NewResizer(isa cpu.ISA) *Resizer { return &Resizer{kernels: cpu.For(isa).Resample} }
