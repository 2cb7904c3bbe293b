package report

import (
	"math"
	"strconv"

	"resnet/nn/internal/axis"
)

// A valueAxis maps values from low to high to coordinates from begin to end.
type valueAxis struct {
	low, high  float64
	begin, end float64
	step       float64
	multiples  []float64 // of step, from low to high: where ticks stand
}

// newValueAxis holds low to high, widened to multiples of its step. A line of equal values lies in the middle, a line
// of zeros at the bottom.
func newValueAxis(low, high, begin, end float64) valueAxis {
	if axis.Flat(low, high) {
		low, high = low-math.Abs(low)/10, high+math.Abs(high)/10
	}
	if high-low < 1e-300 {
		high = low + 1
	}
	step := axis.Step(high-low, 5, 1, 2, 2.5, 5)
	ticks := axis.Around(low, high, step)
	return valueAxis{ticks[0], ticks[len(ticks)-1], begin, end, step, ticks}
}

func (a valueAxis) place(x float64) float64 {
	return tenths(a.begin + (x-a.low)/(a.high-a.low)*(a.end-a.begin))
}

// tenths rounds to a tenth of a pixel, which is precise enough for a chart.
func tenths(x float64) float64 { return math.Round(10*x) / 10 }

func (a valueAxis) ticks(label func(x, step float64) string) []tick {
	var all []tick
	for _, x := range a.multiples {
		all = append(all, tick{a.place(x), label(x, a.step)})
	}
	return all
}

// decimals formats x, a multiple of step, with the number of digits that step needs.
func decimals(x, step float64) string {
	digits := 0
	for s := step; digits < 12 && math.Abs(s-math.Round(s)) > 1e-6*s; digits++ {
		s *= 10
	}
	if digits > 4 {
		if math.Abs(x) < step/2 {
			return "0"
		}
		return strconv.FormatFloat(x, 'e', max(0, int(math.Floor(math.Log10(math.Abs(x))))+digits), 64)
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}

func percents(x, step float64) string { return decimals(100*x, 100*step) + "\u00a0%" }

// An epochAxis maps epochs 1 to n to the middles of n columns of equal width.
type epochAxis struct{ n int }

func (a epochAxis) place(epoch int) float64 {
	return tenths(plot.left + a.width()*(float64(epoch)-0.5))
}

// width returns the width of a column.
func (a epochAxis) width() float64 { return (plot.right - plot.left) / float64(a.n) }

// ticks returns epoch 1 and the multiples of a step, 13 ticks at most.
func (a epochAxis) ticks() []tick {
	step := max(1, axis.Step(float64(a.n), 12, 1, 2, 5))
	all := []tick{{a.place(1), "1"}}
	for _, e := range axis.Within(2, float64(a.n), step) {
		all = append(all, tick{a.place(int(e)), strconv.Itoa(int(e))})
	}
	return all
}
