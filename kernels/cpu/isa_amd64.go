package cpu

import "golang.org/x/sys/cpu"

var supported = detect()

func detect() []ISA {
	isas := []ISA{Portable}
	x := &cpu.X86
	if x.HasAVX2 && x.HasFMA {
		isas = append(isas, AVX2)
	}
	// The kernels make masks with BZHI, which every processor with AVX-512 has.
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasBMI2 {
		isas = append(isas, AVX512)
	}
	return isas
}

var tables = map[ISA]*Kernels{Portable: &portable, AVX2: &kernelsAVX2, AVX512: &kernelsAVX512}
