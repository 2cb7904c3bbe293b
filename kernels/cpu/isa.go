package cpu

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// ISA is an instruction set that kernels are written in.
type ISA uint8

// The instruction sets, slowest first.
const (
	Portable ISA = iota // Go without assembly
	AVX2                // AVX2 and FMA
	AVX512              // AVX-512 F, BW, DQ and VL
)

var isaNames = []string{Portable: "portable", AVX2: "avx2", AVX512: "avx512"}

func (i ISA) String() string {
	if int(i) < len(isaNames) {
		return isaNames[i]
	}
	return fmt.Sprintf("isa(%d)", uint8(i))
}

// ParseISA returns the instruction set called name, in lower case as String writes it.
func ParseISA(name string) (ISA, error) {
	if i := slices.Index(isaNames, name); i >= 0 {
		return ISA(i), nil
	}
	return Portable, fmt.Errorf("cpu: unknown instruction set %q, want one of %s", name, strings.Join(isaNames, ", "))
}

// Supported returns the instruction sets that this machine and operating system run, slowest first.
func Supported() []ISA { return slices.Clone(supported) }

// EnvISA is the environment variable that overrides the choice of instruction set.
const EnvISA = "RESNET_ISA"

// Choose returns the instruction set called name, or the fastest supported one where name is empty. It fails if name is
// unknown or this machine does not support it.
func Choose(name string) (ISA, error) {
	fastest := supported[len(supported)-1]
	if name == "" {
		return fastest, nil
	}
	isa, err := ParseISA(name)
	if err != nil {
		return fastest, err
	}
	if !slices.Contains(supported, isa) {
		return fastest, fmt.Errorf("cpu: instruction set %s is not supported here, fastest is %s", isa, fastest)
	}
	return isa, nil
}

// Best returns the instruction set named by RESNET_ISA, or the fastest supported one if the variable is unset or does
// not name a supported one. To report such a value, call [Choose].
func Best() ISA {
	isa, _ := Choose(os.Getenv(EnvISA))
	return isa
}

// For returns the kernels of an instruction set. It panics if this machine does not support it.
func For(isa ISA) *Kernels {
	if !slices.Contains(supported, isa) {
		panic(fmt.Sprintf("cpu: instruction set %s is not supported on this machine", isa))
	}
	return tables[isa]
}
