package axis

import (
	"math"
	"slices"
	"testing"
)

func TestStep(t *testing.T) {
	for _, c := range []struct {
		span      float64
		n         int
		mantissas []float64
		want      float64
	}{
		{10, 10, []float64{1, 2, 5}, 1},
		{10, 9, []float64{1, 2, 5}, 2},
		{1.2, 5, []float64{1, 2, 5}, 0.5},
		{1.2, 5, []float64{1, 2, 2.5, 5}, 0.25},
		{6, 1, []float64{1, 2, 5}, 10},
		{3e-5, 3, []float64{1, 2, 5}, 1e-5}, // 3e-5/3 is rounded
		{1e300, 5, []float64{1, 2, 5}, 2e299},
	} {
		if got := Step(c.span, c.n, c.mantissas...); math.Abs(got-c.want) > 1e-12*c.want {
			t.Errorf("span %g in at most %d parts: step %g, want %g", c.span, c.n, got, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high, step float64
		around, within  []float64
	}{
		{1, 4, 1, []float64{1, 2, 3, 4}, []float64{1, 2, 3, 4}},
		{1, 30, 10, []float64{0, 10, 20, 30}, []float64{10, 20, 30}},
		{-0.75, 1.25, 0.5, []float64{-1, -0.5, 0, 0.5, 1, 1.5}, []float64{-0.5, 0, 0.5, 1}},
		{1 - 1e-12, 2 + 1e-12, 1, []float64{1, 2}, []float64{1, 2}}, // off by rounding
		{1.25, 1.75, 1, []float64{1, 2}, nil},
	} {
		if got := Around(c.low, c.high, c.step); !slices.Equal(got, c.around) {
			t.Errorf("around %g to %g by %g: %g, want %g", c.low, c.high, c.step, got, c.around)
		}
		if got := Within(c.low, c.high, c.step); !slices.Equal(got, c.within) {
			t.Errorf("within %g to %g by %g: %g, want %g", c.low, c.high, c.step, got, c.within)
		}
	}
}

func TestFlat(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      bool
	}{
		{0, 0, true},
		{5, 5 + 1e-14, true},
		{-5, -5, true},
		{5, 5.001, false},
		{0, 1e-300, false},
	} {
		if got := Flat(c.low, c.high); got != c.want {
			t.Errorf("%g to %g: flat is %v, want %v", c.low, c.high, got, c.want)
		}
	}
}
