package cpu

import (
	"unsafe"

	kernels "resnet/kernels/cpu"
	"resnet/nn"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// allocate is cpu.Alloc on huge pages where that pays and the system gives them: a step walks through all of its
// memory, and with small pages it waits for their addresses.
func allocate(floats int) []float32 {
	bytes := floats * 4
	if bytes < 2*hugePage {
		return kernels.Alloc(floats)
	}
	// Whole pages around what is asked for, so that the first and last are huge too.
	whole := (bytes + hugePage - 1) / hugePage * hugePage
	s := kernels.Alloc((whole + hugePage) / 4)
	skip := 0
	if r := int(uintptr(unsafe.Pointer(unsafe.SliceData(s))) % hugePage); r != 0 {
		skip = (hugePage - r) / 4
	}
	s = s[skip : skip+whole/4]
	_ = unix.Madvise(nn.Bytes(s), unix.MADV_HUGEPAGE) // a refusal costs speed alone
	return s[:floats:floats]
}
