package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// maxGroups is the largest number of times of a measurement in a report.
const maxGroups = 60

// grouped reduces times to at most maxGroups medians of consecutive ones. Disturbances affect neighbouring windows
// alike, so the groups are closer to independent samples than the windows.
func grouped(times []float64) []float64 {
	each := (len(times) + maxGroups - 1) / maxGroups
	var groups []float64
	for g := range slices.Chunk(times, max(1, each)) {
		groups = append(groups, median(g))
	}
	return groups
}

// median is the middle value, or the mean of the two in the middle.
func median(x []float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// rounded rounds to five digits, more than any measurement is exact to.
func rounded(x float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 5, 64), 64)
	if err != nil {
		return x // NaN or infinity
	}
	return r
}

// medianInterval is the median of a sample and a 95 % confidence interval of the median of its distribution, which may
// be any: the values of ranks n/2 - 0.98 sqrt(n) and 1 + n/2 + 0.98 sqrt(n), rounded (the normal approximation of the
// binomial distribution of the number of values below the median). For fewer than six values it is the smallest and the
// largest, whose confidence is lower.
func medianInterval(x []float64) (low, mid, high float64) {
	x = slices.Clone(x)
	slices.Sort(x)
	n := float64(len(x))
	reach := 0.98 * math.Sqrt(n)
	below, above := int(math.Round(n/2-reach)), int(math.Round(1+n/2+reach))
	return x[max(below, 1)-1], median(x), x[min(above, len(x))-1]
}

// numbers matches an array of numbers as the encoder indents it.
var numbers = regexp.MustCompile(`\[\n[-+0-9.eE,\s]*\]`)

// writeIndented writes v as indented JSON with arrays of numbers on one line.
func writeIndented(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	b = numbers.ReplaceAllFunc(b, func(a []byte) []byte { return bytes.Join(bytes.Fields(a), nil) })
	_, err = w.Write(append(b, '\n'))
	return err
}
