package cpu

import (
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func TestParseISA(t *testing.T) {
	for _, isa := range []ISA{Portable, AVX2, AVX512} {
		if got, err := ParseISA(isa.String()); got != isa || err != nil {
			t.Errorf("ParseISA(%q) = %v, %v", isa.String(), got, err)
		}
	}
	_, err := ParseISA("sse9")
	if err == nil || !strings.Contains(err.Error(), `"sse9", want one of portable, avx2, avx512`) {
		t.Errorf("ParseISA(sse9): error %v", err)
	}
}

func TestChoose(t *testing.T) {
	all := Supported()
	if len(all) == 0 || all[0] != Portable || !slices.IsSorted(all) {
		t.Fatalf("Supported() = %v, want a sorted list from portable", all)
	}
	fastest := all[len(all)-1]
	if isa, err := Choose(""); isa != fastest || err != nil {
		t.Errorf("Choose() = %v, %v, want %v", isa, err, fastest)
	}
	for _, want := range []ISA{Portable, AVX2, AVX512} {
		isa, err := Choose(want.String())
		if supported := slices.Contains(all, want); supported && (isa != want || err != nil) {
			t.Errorf("Choose(%v) = %v, %v", want, isa, err)
		} else if !supported && (isa != fastest || err == nil) {
			t.Errorf("Choose(%v), unsupported here, = %v, %v", want, isa, err)
		}
	}
	if isa, err := Choose("neon"); isa != fastest || err == nil {
		t.Errorf("Choose(neon) = %v, %v", isa, err)
	}
	t.Setenv(EnvISA, "portable")
	if isa := Best(); isa != Portable {
		t.Errorf("%s=portable: Best() = %v", EnvISA, isa)
	}
	t.Setenv(EnvISA, "neon")
	if isa := Best(); isa != fastest {
		t.Errorf("%s=neon: Best() = %v, want %v", EnvISA, isa, fastest)
	}
}

func TestFor(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		if k.ISA.String() != t.Name()[len("TestFor/"):] {
			t.Errorf("For returned the kernels of %v", k.ISA)
		}
	})
	defer func() {
		if recover() == nil {
			t.Error("For an unknown instruction set did not panic")
		}
	}()
	For(200)
}

func TestAlloc(t *testing.T) {
	for n := range 70 {
		s := Alloc(n)
		if len(s) != n || cap(s) != n {
			t.Fatalf("Alloc(%d) has length %d and capacity %d", n, len(s), cap(s))
		}
		if p := uintptr(unsafe.Pointer(unsafe.SliceData(s))); n > 0 && p%64 != 0 {
			t.Fatalf("Alloc(%d) starts at %#x", n, p)
		}
		for i, v := range s {
			if v != 0 {
				t.Fatalf("Alloc(%d): element %d is %v", n, i, v)
			}
			s[i] = 1
		}
	}
}

func init() { calls = append(calls, func(k *Kernels, _ operands) { k.PeakFMA(1) }) }

func TestPeakFMA(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		if n := k.PeakFMA(0); n != 0 {
			t.Errorf("no rounds are %d operations", n)
		}
		if a, b := k.PeakFMA(10), k.PeakFMA(30); a <= 0 || b != 3*a {
			t.Errorf("10 rounds are %d operations, 30 are %d", a, b)
		}
	})
}

func TestNoAllocations(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		const rows, c = 3, 24
		o := newOperands(Alloc, rows, c)
		out, b := Alloc(k.Rows*2*k.Lanes), Alloc(c*2*k.Lanes)
		n := testing.AllocsPerRun(10, func() {
			k.Tile[1][2](1, c, &o.x[0], c, 0, &b[0], 2*k.Lanes, 0, &out[0], 2*k.Lanes, 0)
			k.TileT[0][2](1, rows, &o.x[0], c, 0, &b[0], k.Lanes, 0, &out[0], k.Lanes, 0)
			callAll(k, o)
		})
		if n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestLengthsAreChecked(t *testing.T) {
	k := For(Portable)
	s := func(n int) []float32 { return make([]float32, n) }
	for _, c := range []struct {
		want string
		f    func()
	}{
		{"Stats: length 7 is not a multiple of 3 channels", func() { k.Stats(s(3), s(3), s(7), s(3)) }},
		{"Stats: slices of length 3 and 2, want equal lengths", func() { k.Stats(s(3), s(2), s(6), s(3)) }},
		{"ScaleShift: slices of length 6 and 5, want equal lengths",
			func() { k.ScaleShift(s(5), s(6), s(3), s(3), false) }},
		{"ScaleShift: length 6 is not a multiple of 0 channels", func() { k.ScaleShift(s(6), s(6), nil, nil, false) }},
		{"BatchNormReduce: slices of length 3 and 1, want equal lengths",
			func() { k.BatchNormReduce(s(3), s(3), s(6), s(6), s(3), s(3), s(1), false) }},
		{"BatchNormBackward: slices of length 6 and 3, want equal lengths",
			func() { k.BatchNormBackward(s(6), s(3), s(6), s(3), s(3), s(3), s(3), s(3), s(3), false, false) }},
		{"Add: slices of length 3 and 4, want equal lengths", func() { k.Add(s(3), s(3), s(4), false) }},
		{"Adam: slices of length 2 and 1, want equal lengths", func() { k.Adam(s(2), s(2), s(2), s(1), AdamParams{}) }},
		{"SGD: slices of length 2 and 1, want equal lengths", func() { k.SGD(s(2), s(2), s(1), SGDParams{}) }},
		{"ReLUBackward: slices of length 2 and 1, want equal lengths",
			func() { k.ReLUBackward(s(1), s(2), s(2), false) }},
		{"AddRow: length 5 is not a multiple of 2 channels", func() { k.AddRow(s(5), s(2), false) }},
	} {
		func() {
			defer func() {
				if got := recover(); got != "cpu: "+c.want {
					t.Errorf("panic %v, want %q", got, "cpu: "+c.want)
				}
			}()
			c.f()
		}()
	}
}
