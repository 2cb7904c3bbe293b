package cpu

import (
	"unsafe"

	kernels "resnet/kernels/cpu"
	"resnet/nn"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// allocate is kernels.Alloc on huge pages, for sizes that use some and where the system grants them: a step passes
// through all of its memory, and with small pages it waits for address translation.
func allocate(floats int) []float32 {
	bytes := floats * 4
	if bytes < 2*hugePage {
		return kernels.Alloc(floats)
	}
	// Allocate whole pages, so that the first and the last are huge too.
	whole := (bytes + hugePage - 1) / hugePage * hugePage
	s := kernels.Alloc((whole + hugePage) / 4)
	skip := 0
	if r := int(uintptr(unsafe.Pointer(unsafe.SliceData(s))) % hugePage); r != 0 {
		skip = (hugePage - r) / 4
	}
	s = s[skip : skip+whole/4]
	_ = unix.Madvise(nn.Bytes(s), unix.MADV_HUGEPAGE) // an error only costs speed
	return s[:floats:floats]
}
