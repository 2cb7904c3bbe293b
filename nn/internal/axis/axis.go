// Package axis chooses where the ticks of a chart's axis stand.
package axis

import "math"

// rounding is the error, in steps and in parts of a value, that is taken for rounding.
const rounding = 1e-9

// Flat reports whether low and high differ by no more than rounding: an axis from one to the other would magnify noise.
func Flat(low, high float64) bool { return high-low <= rounding*max(math.Abs(low), math.Abs(high)) }

// Step returns the smallest step that divides span, above 0, into at most n parts and is one of the mantissas times a
// power of ten. The mantissas rise from 1 and stay below 10.
func Step(span float64, n int, mantissas ...float64) float64 {
	least := span / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range mantissas {
		if step := m * power; step >= least*(1-rounding) {
			return step
		}
	}
	return 10 * power
}

// Around returns the multiples of step from the last one at or below low to the first one at or above high.
func Around(low, high, step float64) []float64 {
	return multiples(math.Floor(low/step+rounding), math.Ceil(high/step-rounding), step)
}

// Within returns the multiples of step from low to high.
func Within(low, high, step float64) []float64 {
	return multiples(math.Ceil(low/step), math.Floor(high/step), step)
}

// multiples returns first*step to last*step; first and last are whole numbers.
func multiples(first, last, step float64) []float64 {
	var ticks []float64
	for i := first; i <= last; i++ { // few, and far below 2^53
		ticks = append(ticks, i*step)
	}
	return ticks
}
