package tensorboard

import "math"

// maxBuckets is how finely a histogram divides its range. TensorBoard draws 30 buckets and interpolates percentiles,
// for which a few times as many do.
const maxBuckets = 120

// A histogram counts values in buckets of equal width from min to max. Values that are no numbers, or infinite, are
// left out.
type histogram struct {
	min, max        float64
	num             float64
	sum, sumSquares float64
	limits          []float64 // right edge of each bucket; the last is max
	counts          []float64
}

// newHistogram has one bucket where all values are equal, none where there are no values.
func newHistogram(values []float32) *histogram {
	h := &histogram{min: math.Inf(1), max: math.Inf(-1)}
	for _, v := range values {
		x := float64(v)
		if !finite(x) {
			continue
		}
		h.min, h.max = min(h.min, x), max(h.max, x)
		h.num++
		h.sum += x
		h.sumSquares += x * x
	}
	if h.num == 0 {
		return &histogram{}
	}
	if h.min == h.max {
		h.limits, h.counts = []float64{h.max}, []float64{h.num}
		return h
	}
	h.fill(values)
	return h
}

func (h *histogram) fill(values []float32) {
	width := (h.max - h.min) / maxBuckets
	h.limits, h.counts = make([]float64, maxBuckets), make([]float64, maxBuckets)
	for i := range h.limits {
		h.limits[i] = h.min + float64(width*float64(i+1)) // rounded, so that no processor fuses the two
	}
	h.limits[maxBuckets-1] = h.max
	for _, v := range values {
		if x := float64(v); finite(x) {
			h.counts[min(int((x-h.min)/width), maxBuckets-1)]++
		}
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// encode is a HistogramProto.
func (h *histogram) encode() (m message) {
	m.double(1, h.min)
	m.double(2, h.max)
	m.double(3, h.num)
	m.double(4, h.sum)
	m.double(5, h.sumSquares)
	m.doubles(6, h.limits)
	m.doubles(7, h.counts)
	return m
}
