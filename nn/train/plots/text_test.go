package plots

import (
	"image/color"
	"math"
	"strings"
	"testing"
)

func TestElide(t *testing.T) {
	for _, text := range []string{"", "cat", "Ankle boot", strings.Repeat("wide ", 100000), "日本語の長い名前"} {
		for _, width := range []float64{15, 40, 80, 300} {
			got := textStyle.elide(text, width)
			kept := strings.TrimSuffix(got, "…")
			switch {
			case textStyle.width(text) <= width && got != text:
				t.Errorf("%.20q fits into %g and became %q", text, width, got)
			case textStyle.width(got) > width:
				t.Errorf("%.20q in %g: %q is %g wide", text, width, got, textStyle.width(got))
			case !strings.HasPrefix(text, kept):
				t.Errorf("%.20q in %g: %q is not its beginning", text, width, got)
			}
		}
	}
	if got := textStyle.elide("Ankle boot", textStyle.width("Ankle bo")); got != "Ankle…" && got != "Ankle b…" {
		t.Errorf("elided to %q, want most of the text", got)
	}
}

// TestNamesOfAnyBytes draws names with characters that XML does not allow.
func TestNamesOfAnyBytes(t *testing.T) {
	s := paintSVG(t, confusionOf([][]int{{1, 0}, {0, 1}}, "a\x00\x1bb\nc", "\xff</text>"))
	for _, want := range []string{"a\ufffd\ufffdb\ufffdc", "\ufffd</text>"} {
		if !s.has(want) {
			t.Errorf("no text %q in %q", want, s.texts)
		}
	}
}

// TestContrast: text on white has at least the contrast of 4.5 that WCAG 2 asks for with small text, text in cells at
// least 3.5, and on nearly full blue it is white.
func TestContrast(t *testing.T) {
	for i := range 101 {
		for _, correct := range []bool{true, false} {
			back := shade(float64(i)/100, correct)
			a, b := luminance(back), luminance(on(back))
			if ratio := (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05); ratio < 3.5 {
				t.Errorf("share %d %%, correct %t: contrast %.2f, want 3.5", i, correct, ratio)
			}
		}
	}
	for _, share := range []float64{0.75, 1} {
		if c := on(shade(share, true)); c != background {
			t.Errorf("share %g: text of %v, want white", share, c)
		}
	}
	for _, c := range []color.RGBA{ink, muted, wrong} {
		if ratio := 1.05 / (luminance(c) + 0.05); ratio < 4.5 {
			t.Errorf("text of %v on white: contrast %.2f, want 4.5", c, ratio)
		}
	}
}
