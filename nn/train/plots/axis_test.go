package plots

import (
	"math"
	"slices"
	"testing"
)

func TestValueAxis(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		labels []string
	}{
		{0, 0.5, []string{"0", "0.1", "0.2", "0.3", "0.4", "0.5"}},
		{86.62, 91.12, []string{"86", "87", "88", "89", "90", "91", "92"}},
		{0, 1.1e-3, []string{"0", "0.0002", "0.0004", "0.0006", "0.0008", "0.0010", "0.0012"}},
		{0, 3.3e-5, []string{"0", "5e-6", "1e-5", "1.5e-5", "2e-5", "2.5e-5", "3e-5", "3.5e-5"}},
		{2.302584, 2.302594, []string{"2.302584", "2.302586", "2.302588", "2.302590", "2.302592", "2.302594"}},
		{0.5, 9e7, []string{"0", "2e7", "4e7", "6e7", "8e7", "1e8"}},
		{0.3, 0.3, []string{"0", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"}},
		{0, 0, []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{-4, 0, []string{"-4", "-3", "-2", "-1", "0"}},
	} {
		if a := valueAxis(c.lo, c.hi, 7); !slices.Equal(a.labels, c.labels) {
			t.Errorf("%g to %g: %q, want %q", c.lo, c.hi, a.labels, c.labels)
		}
	}
}

// TestValueAxisHolds tries ranges of every size, among them adjacent floats and the largest values that can be drawn.
func TestValueAxisHolds(t *testing.T) {
	values := []float64{0, 5e-324, 1e-300, 1e-9, 0.1, math.Nextafter(0.1, 1), 1, math.Nextafter(1, 2), 2.3, 2.3000001,
		1e16, 1e16 + 2, 3.4e38, 1e300}
	for _, lo := range values {
		for _, hi := range values {
			if lo > hi {
				continue
			}
			a := valueAxis(lo, hi, 7)
			if !(a.lo < a.hi) || a.hi-a.lo > 1e302 || a.lo > lo+1e-6*(a.hi-a.lo) || a.hi < hi-1e-6*(a.hi-a.lo) {
				t.Errorf("%g to %g: axis %g to %g", lo, hi, a.lo, a.hi)
			}
			if n := len(a.ticks); n < 3 || n > 9 || n != len(a.labels) {
				t.Errorf("%g to %g: %d ticks, want 3 to 9", lo, hi, n)
			}
			for i := 1; i < len(a.labels); i++ {
				if a.labels[i] == a.labels[i-1] {
					t.Errorf("%g to %g: %q twice", lo, hi, a.labels[i])
				}
			}
		}
	}
}

func TestEpochAxis(t *testing.T) {
	for _, c := range []struct {
		first, last int
		labels      []string
	}{
		{1, 1, []string{"1"}},
		{1, 2, []string{"1", "2"}},
		{3, 10, []string{"3", "4", "5", "6", "7", "8", "9", "10"}},
		{1, 30, []string{"5", "10", "15", "20", "25", "30"}},
		{1, 300, []string{"50", "100", "150", "200", "250", "300"}},
	} {
		if a := epochAxis(c.first, c.last, 8); !slices.Equal(a.labels, c.labels) {
			t.Errorf("epochs %d to %d: %q, want %q", c.first, c.last, a.labels, c.labels)
		}
	}
}
