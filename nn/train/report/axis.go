package report

import (
	"fmt"
	"math"
	"strconv"
)

// An axis maps values from low to high to places from begin to end.
type axis struct {
	low, high, step float64
	begin, end      float64
}

// newAxis takes in low and high, and widens to multiples of its step.
func newAxis(low, high, begin, end float64) axis {
	if high-low <= 1e-9*max(math.Abs(low), math.Abs(high)) { // a level line
		low, high = low-math.Abs(low)/10, high+math.Abs(high)/10
	}
	if high == low {
		high = 1
	}
	step := niceStep((high-low)/5, 1, 2, 2.5, 5)
	const rounding = 1e-9
	return axis{step * math.Floor(low/step+rounding), step * math.Ceil(high/step-rounding), step, begin, end}
}

// niceStep is the smallest step that is not below x of those given, times any
// power of ten.
func niceStep(x float64, steps ...float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, s := range steps {
		if s*power >= x*(1-1e-9) {
			return s * power
		}
	}
	return 10 * power
}

func (a axis) place(x float64) float64 {
	return tenths(a.begin + (x-a.low)/(a.high-a.low)*(a.end-a.begin))
}

// tenths of a pixel are as precise as a chart has to be.
func tenths(x float64) float64 { return math.Round(10*x) / 10 }

func (a axis) ticks(label func(x, step float64) string) []tick {
	var all []tick
	for i := range int(math.Round((a.high-a.low)/a.step)) + 1 {
		x := a.low + float64(i)*a.step
		all = append(all, tick{a.place(x), label(x, a.step)})
	}
	return all
}

// decimals writes x with as many digits as tell multiples of step apart.
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

// An epochAxis is the axis of epochs, each in the middle of its column.
type epochAxis struct{ n int }

func (a epochAxis) place(epoch int) float64 {
	return tenths(plot.left + a.width()*(float64(epoch)-0.5))
}

// width of an epoch's column.
func (a epochAxis) width() float64 { return (plot.right - plot.left) / float64(a.n) }

// ticks are epoch 1 and multiples of a step, a dozen or so at most.
func (a epochAxis) ticks() []tick {
	step := max(1, int(niceStep(float64(a.n)/12, 1, 2, 5)))
	all := []tick{{a.place(1), "1"}}
	for e := step; e <= a.n; e += step {
		if e > 1 {
			all = append(all, tick{a.place(e), fmt.Sprint(e)})
		}
	}
	return all
}
