package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"resnet/nn/train"
)

// best returns the row of the epoch whose weights a run keeps as the best: the first with the highest validation
// accuracy, or the last row if the run has no validation.
func best(rows []train.Row) *train.Row {
	var b *train.Row
	for i := range rows {
		if r := &rows[i]; b == nil || r.Val == nil || b.Val == nil || r.Val.Accuracy > b.Val.Accuracy {
			b = r
		}
	}
	return b
}

// medianSpeed returns the median of images per second over the epochs, the lower of two; 0 without epochs.
func medianSpeed(rows []train.Row) float64 {
	if len(rows) == 0 {
		return 0
	}
	speeds := make([]float64, len(rows))
	for i, r := range rows {
		speeds[i] = r.ImagesPerSecond
	}
	slices.Sort(speeds)
	return speeds[(len(speeds)-1)/2]
}

// percent formats a fraction as a percentage, with a no-break space.
func percent(x float64) string { return fmt.Sprintf("%.2f\u00a0%%", 100*x) }

func loss(x float64) string { return fmt.Sprintf("%.4f", x) }

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// thousands formats a number without decimals and with commas.
func thousands(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return exact(x)
	}
	return grouped(strconv.FormatFloat(x, 'f', 0, 64))
}

// count formats an integer of any type with commas.
func count(n any) string { return grouped(fmt.Sprint(n)) }

// grouped inserts a comma before every three digits.
func grouped(s string) string {
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// duration formats seconds in hours and minutes, minutes and seconds, or seconds.
func duration(seconds float64) string {
	if !(seconds < 1e9) {
		return exact(seconds) + " s"
	}
	n := int(math.Round(seconds))
	switch {
	case n < 60:
		return fmt.Sprintf("%d s", n)
	case n < 3600:
		return fmt.Sprintf("%d min %02d s", n/60, n%60)
	}
	return strings.TrimSuffix(fmt.Sprintf("%d h %02d min", n/3600, n%3600/60), " 00 min")
}
