package diagram

import (
	"fmt"
	"strings"
	"unicode"
)

// heading returns the line below the network's name: parameters and FLOPs.
func (n *network) heading() string {
	return fmt.Sprintf("%s, %s a forward pass", params(n.params), flops(n.flops))
}

// lines returns the texts of a box.
func (b *box) lines() []string {
	lines := []string{b.what, b.name}
	if b.params > 0 {
		lines = append(lines, params(b.params))
	}
	return lines
}

// line returns the text of a frame.
func (f *frame) line() string {
	if f.params == 0 {
		return f.name
	}
	return f.name + ", " + params(f.params)
}

func params(n int64) string { return thousands(n) + " params" }

// thousands formats a count with a comma before every three digits.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// flops formats a number of operations with three significant digits and a unit.
func flops(n int64) string {
	x, unit := float64(n), "FLOP"
	for _, bigger := range []string{"kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"} {
		if x < 999.5 { // from 999.5 on %.3g would print 1e+03
			break
		}
		x, unit = x/1000, bigger
	}
	return fmt.Sprintf("%.3g %s", x, unit)
}

// clean replaces the characters of a name that are not printable, such as line breaks, by spaces.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// elide shortens s to a width at a font size. It leaves out the middle, because names differ mostly at their ends.
func elide(s string, size, most float64) string {
	r := []rune(s)
	for left, right := len(r)/2, len(r)/2; width(s, size) > most; {
		if left > len(r)-right {
			left--
		} else {
			right++
		}
		s = string(r[:left]) + "…" + string(r[right:])
	}
	return s
}

// width returns an upper bound for the width of s at a font size. The viewer's sans-serif font is not known, so it
// assumes DejaVu Sans, the widest of the usual ones.
func width(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("iljI|.,:;'! ()[]/-", r):
			w += 0.4
		case strings.ContainsRune("mwMW@%→…+×=<>#", r):
			w += 1
		case unicode.IsUpper(r):
			w += 0.74
		case r < 0x2e80: // letters
			w += 0.64
		default: // Chinese, Japanese, Korean and other wide writing
			w += 1
		}
	}
	return w * size
}
