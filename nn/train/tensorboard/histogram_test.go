package tensorboard

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var nan, inf = float32(math.NaN()), float32(math.Inf(1))

func TestHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	normal := make([]float32, 10_000)
	for i := range normal {
		normal[i] = float32(rng.NormFloat64())
	}
	for name, values := range map[string][]float32{
		"normal":       normal,
		"two":          {1, 2},
		"neighbours":   {1, math.Nextafter32(1, 2)},
		"all there is": {-math.MaxFloat32, 0, math.MaxFloat32},
		"zeros":        {0, 0, 0},
		"with NaN":     {nan, 3, inf, -4, -inf, 3},
	} {
		t.Run(name, func(t *testing.T) { checkHistogram(t, newHistogram(values), values) })
	}
}

// checkHistogram counts the values of each bucket on its own and compares.
func checkHistogram(t *testing.T, h *histogram, values []float32) {
	finite := slices.DeleteFunc(slices.Clone(values), func(v float32) bool { return v != v || v == inf || v == -inf })
	slices.Sort(finite)
	first, last := float64(finite[0]), float64(finite[len(finite)-1])
	if h.min != first || h.max != last || h.num != float64(len(finite)) {
		t.Errorf("%g values from %g to %g, want %d from %g to %g", h.num, h.min, h.max, len(finite), first, last)
	}
	if len(h.limits) != len(h.counts) || h.limits[len(h.limits)-1] != last || !slices.IsSorted(h.limits) {
		t.Fatalf("%d limits for %d counts: %g, want them ascending to %g", len(h.limits), len(h.counts), h.limits, last)
	}
	left := first
	var all, sum, squares float64
	for i, right := range h.limits {
		inside := 0.0
		for _, v := range finite {
			if x := float64(v); x >= left && (x < right || i == len(h.limits)-1) {
				inside++
			}
		}
		// Rounding may put a value at an edge into the bucket beside it.
		if math.Abs(inside-h.counts[i]) > 1 {
			t.Errorf("bucket %d, %g to %g: %g values, want %g", i, left, right, h.counts[i], inside)
		}
		all += h.counts[i]
		left = right
	}
	for _, v := range finite {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	if all != h.num {
		t.Errorf("%g values in buckets, want %g", all, h.num)
	}
	// Sums of n float64 values in another order differ by up to n times 1e-16 of their magnitudes.
	if math.Abs(sum-h.sum) > 1e-12*squares || math.Abs(squares-h.sumSquares) > 1e-12*squares {
		t.Errorf("sum %g and sum of squares %g, want %g and %g", h.sum, h.sumSquares, sum, squares)
	}
}

func TestHistogramOfNothing(t *testing.T) {
	for _, values := range [][]float32{nil, {nan, inf, -inf}} {
		if h := newHistogram(values); h.num != 0 || h.min != 0 || h.max != 0 || len(h.limits) != 0 {
			t.Errorf("of %v: %+v, want an empty one", values, h)
		}
	}
}
