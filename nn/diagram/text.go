package diagram

import (
	"fmt"
	"strings"
	"unicode"
)

// heading is what stands above the drawing besides the network's name.
func (n *network) heading() string {
	return fmt.Sprintf("%s, %s a forward pass", params(n.params), flops(n.flops))
}

// lines is what a box says.
func (b *box) lines() []string {
	lines := []string{b.what, b.name}
	if b.params > 0 {
		lines = append(lines, params(b.params))
	}
	return lines
}

// line is what a frame says.
func (f *frame) line() string {
	if f.params == 0 {
		return f.name
	}
	return f.name + ", " + params(f.params)
}

func params(n int64) string { return thousands(n) + " params" }

// thousands writes a count with a comma before each three digits.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// flops writes a cost with three digits or more.
func flops(n int64) string {
	x, unit := float64(n), "FLOP"
	for _, bigger := range []string{"kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"} {
		if x < 999.5 { // what %.3g still writes in full
			break
		}
		x, unit = x/1000, bigger
	}
	return fmt.Sprintf("%.3g %s", x, unit)
}

// clean is a name in characters that every format may hold, on one line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// elide shortens s to a width at a font size by leaving out its middle: a name tells most at its ends.
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

// width is at least how wide s is at a font size, in whatever sans serif the viewer has: DejaVu Sans, the widest of the
// usual ones, is the measure.
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
