package memory

import (
	"errors"
	"math"
	"testing"
)

func TestProduct(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		want  int64
		ok    bool
	}{
		{nil, 1, true},
		{[]int{3, 4, 5}, 60, true},
		{[]int{math.MaxInt, 1}, math.MaxInt64, true},
		{[]int{math.MaxInt, 2}, 0, false},
		{[]int{1 << 31, 1 << 31, 2}, 0, false},
		{[]int{math.MaxInt, math.MaxInt, 0}, 0, true},
		{[]int{2, -1}, 0, false},
	} {
		if got, ok := Product(c.sizes...); got != c.want || ok != c.ok {
			t.Errorf("Product(%v) = %d, %v, want %d, %v", c.sizes, got, ok, c.want, c.ok)
		}
	}
}

func TestFits(t *testing.T) {
	if err := Fits(1); err != nil {
		t.Error(err)
	}
	have, ok := Available()
	if !ok {
		t.Skip("this system does not tell how much memory there is")
	}
	if have < 1<<20 || have > 1<<50 {
		t.Errorf("%d bytes available", have)
	}
	var e *TooLarge
	if err := Fits(1 << 60); !errors.As(err, &e) || e.Need != 1<<60 || e.Have < 1<<20 {
		t.Errorf("an exbibyte: %v", err)
	}
}

func TestFormat(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.00 kB", 68_211: "68.2 kB", 999_499: "999 kB", 999_500: "1.00 MB",
		1_250_000_000: "1.25 GB", math.MaxInt64: "9.22 EB",
	} {
		if got := Format(n); got != want {
			t.Errorf("Format(%d) = %q, want %q", n, got, want)
		}
	}
}
