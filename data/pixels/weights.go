package pixels

import (
	"math"

	"resnet/kernels/cpu"
)

const weightBits = 22 // behind the point

// line says how a line of pixels, a row or a column, is resampled.
type line struct {
	from    []int32   // the first pixel of the source that counts for each of the result
	counts  []int32   // and how many do
	weights []int32   // taps for each pixel of the result; zeros behind those that count
	taps    int       // the most of counts
	exact   []float64 // the weights of one pixel, before they are rounded
	words   []int16   // the weights as a kernel takes them
	starts  []int32   // from in bytes
}

// span is the part of a side that is resampled.
type span struct{ from, to float32 }

func (s span) within(n int) bool { return s.from >= 0 && s.from < s.to && s.to <= float32(n) }

// measure computes the weights by which n pixels, of which a span counts, become m. A pixel of the result has the
// weights of the filter around its centre, from its place in the source, as far as the source goes; they sum to 1.
func (l *line) measure(n, m int, s span, f Filter) {
	scale := float64(s.to-s.from) / float64(m)
	stretch := max(scale, 1) // of the filter, where the picture shrinks
	support := f.support() * stretch
	room := 2*int(math.Ceil(support)) + 1
	l.from, l.weights = resized(l.from, m), resized(l.weights, m*room)
	l.counts, l.exact, l.taps = resized(l.counts, m), resized(l.exact, room), 0
	clear(l.weights)
	for i := range m {
		centre := float64(s.from) + float64((float64(i)+0.5)*scale)
		first := max(0, int(centre-support+0.5))
		last := min(n, int(centre+support+0.5))
		exact, sum := l.exact[:last-first], 0.0
		for j := range exact {
			exact[j] = f.weight((float64(first+j) - centre + 0.5) * (1 / stretch))
			sum += exact[j]
		}
		for j, w := range exact {
			if sum != 0 {
				w /= sum
			}
			l.weights[i*room+j] = int32(math.Copysign(0.5, w) + float64(w*(1<<weightBits)))
		}
		l.from[i], l.counts[i] = int32(first), int32(len(exact))
		l.taps = max(l.taps, len(exact))
	}
	l.narrow(m, room)
}

// narrow moves the weights together that were computed with room for more.
func (l *line) narrow(m, room int) {
	for i := range m {
		copy(l.weights[i*l.taps:(i+1)*l.taps], l.weights[i*room:])
	}
	l.weights = l.weights[:m*l.taps]
}

// reach moves the line to where its pixels begin, and returns them: the first that counts, and how many there are from
// there to the last.
func (l *line) reach() (first, n int) {
	last := len(l.from) - 1
	start := l.from[0]
	for i := range l.from {
		l.from[i] -= start
	}
	return int(start), int(l.from[last] + l.counts[last])
}

// steps writes words and starts for rows of c channels, and returns the number of steps for each pixel.
func (l *line) steps(c int) int {
	l.starts = resized(l.starts, len(l.from))
	for i, first := range l.from {
		l.starts[i] = first * int32(c)
	}
	per, size := cpu.StepPixels(c), cpu.StepWords(c)
	steps := (l.taps + per - 1) / per
	l.words = resized(l.words, len(l.from)*steps*size)
	words := l.words
	for i := range l.from {
		for w := l.weights[i*l.taps : (i+1)*l.taps]; len(w) > 0; w = w[min(per, len(w)):] {
			cpu.StepWeights(words, c, w[:min(per, len(w))])
			words = words[size:]
		}
	}
	return steps
}

// pairs writes the words for the kernel that goes down columns, and returns how many there are for each pixel.
func (l *line) pairs() int { return l.steps(4) * cpu.StepWords(4) }

// resized returns a slice of n values that reuses the memory of s; they have no meaning.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
