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
			const rows = 5
			x, dy, y, z := s(rows*c), s(rows*c), s(rows*c), s(rows*c)
			p, q := s(c), s(c)
			k.Stats(p, q, x, q)
			k.ScaleShift(y, x, p, q, true)
			k.BatchNormReduce(p, q, dy, x, p, p, p, true)
			k.BatchNormBackward(y, dy, x, p, p, p, p, p, p, true, true)
			k.SumRows(p, x)
			k.AddRow(y, p, true)
			k.Add(y, x, dy, true)
			k.ReLU(y, x)
			k.ReLUBackward(y, x, dy, true)
			k.AddScaled(y, 2, x)
			k.Scale(y, 2, x)
			k.Max(y, x)
			k.Adam(x, dy, y, z, AdamParams{Eps: 1})
			k.SGD(x, dy, y, SGDParams{})
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
