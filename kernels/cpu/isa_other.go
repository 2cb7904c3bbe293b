//go:build !amd64

package cpu

var supported = []ISA{Portable}

var tables = map[ISA]*Kernels{Portable: &portable}
