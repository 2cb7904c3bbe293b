package cpu

import (
	"syscall"
	"testing"
	"unsafe"
)

// atPageEnd returns n float32s that end where readable memory ends, so that a kernel which reads on crashes.
func atPageEnd(t *testing.T, n int) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(mem[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(mem[size-4*n:]))), n)
}

func TestNoReadBeyondEnd(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		s := func(n int) []float32 { return atPageEnd(t, n) }
		for _, c := range []int{1, 7, 8, 13, 16, 23, 37} {
			callAll(k, newOperands(s, 5, c))
		}
		const kk = 6
		for w := range 2 {
			cols := (w + 1) * k.Lanes
			b := s(kk * cols)
			for rows := 1; rows <= k.Rows; rows++ {
				a, c := s(rows*kk), s(rows*cols)
				k.Tile[w][rows](1, kk, &a[0], kk, 0, &b[0], cols, 0, &c[0], cols, 1)
			}
			for rows := 1; rows <= k.RowsT; rows++ {
				a, c := s(rows*kk), s(rows*cols)
				k.TileT[w][rows](1, kk, &a[0], rows, 0, &b[0], cols, 0, &c[0], cols, 1)
			}
		}
	})
}
