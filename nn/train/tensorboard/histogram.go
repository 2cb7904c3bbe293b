package tensorboard

import "math"

// maxBuckets is the number of buckets of a histogram. TensorBoard draws 30 and interpolates percentiles; a few times as
// many are precise enough for both.
const maxBuckets = 120

// A histogram counts values in buckets of equal width from min to max. It leaves out values that are NaN or infinite.
type histogram struct {
	min, max        float64
	num             float64
	sum, sumSquares float64
	limits          []float64 // right edge of each bucket; the last is max
	counts          []float64
}

// newHistogram returns a histogram of one bucket if all values are equal, and of none if there are no values.
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
		// The conversion forbids a fused multiply-add: the same bytes on every machine.
		h.limits[i] = h.min + float64(width*float64(i+1))
	}
	h.limits[maxBuckets-1] = h.max
	for _, v := range values {
		if x := float64(v); finite(x) {
			h.counts[min(int((x-h.min)/width), maxBuckets-1)]++
		}
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// encode returns a HistogramProto.
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
