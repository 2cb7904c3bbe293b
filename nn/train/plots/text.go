package plots

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

const pi = math.Pi

// style is a font and a colour.
type style struct {
	font.Face
	color color.Color
}

// The styles of text, smallest captions to titles, in CSS pixels.
var (
	titleStyle = style{face(liberationsansbold.TTF, xfont.WeightBold, 16), ink}
	headStyle  = style{face(liberationsansbold.TTF, xfont.WeightBold, 12), ink}
	textStyle  = style{face(liberationsansregular.TTF, xfont.WeightNormal, 12), ink}
	noteStyle  = style{face(liberationsansregular.TTF, xfont.WeightNormal, 11), muted}
	tinyStyle  = style{face(liberationsansregular.TTF, xfont.WeightNormal, 9), ink}
)

func face(ttf []byte, weight xfont.Weight, size float64) font.Face {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err) // the font is compiled into the program
	}
	return font.Face{
		Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: vg.Length(size) * px},
		Face: f,
	}
}

func (s style) in(c color.Color) style { s.color = c; return s }

// width returns the width of a text in CSS pixels.
func (s style) width(text string) float64 { return float64(s.Width(text) / px) }

// widest returns the width of the widest text in CSS pixels.
func (s style) widest(texts []string) float64 {
	w := 0.0
	for _, t := range texts {
		w = max(w, s.width(t))
	}
	return w
}

// middle returns the distance from the middle of a line of text down to its baseline, in CSS pixels.
func (s style) middle() float64 { return 0.36 * float64(s.Font.Size/px) }

// anchor is the fraction of the width of a text that lies to the left of the given x.
type anchor float64

const (
	left   anchor = 0
	centre anchor = 0.5
	right  anchor = 1
)

// text draws one line of text with its anchor at x and its baseline at y.
func (f *figure) text(s style, a anchor, x, y float64, text string) {
	if text == "" {
		return
	}
	f.SetColor(s.color)
	f.FillString(s.Face, f.point(x-float64(a)*s.width(text), y), text)
}

// slanted draws text that rises by an angle, in radians, with its anchor at (x, y).
func (f *figure) slanted(s style, a anchor, x, y, angle float64, text string) {
	f.Push()
	f.Translate(f.point(x, y))
	f.Rotate(angle)
	f.SetColor(s.color)
	f.FillString(s.Face, vg.Point{X: -vg.Length(a) * s.Width(text)}, text)
	f.Pop()
}

// printable replaces the characters of a name that cannot be drawn: control characters, line breaks, invalid UTF-8.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, name)
}

// elide shortens a text to a width in CSS pixels and ends it with an ellipsis.
func (s style) elide(text string, width float64) string {
	if s.width(text) <= width {
		return text
	}
	short := "…"
	for i := range text {
		longer := strings.TrimRight(text[:i], " ") + "…"
		if s.width(longer) > width {
			break
		}
		short = longer
	}
	return short
}

// names returns printable names of n classes, which are their numbers if classes is empty.
func names(classes []string, n int) ([]string, error) {
	if len(classes) != 0 && len(classes) != n {
		return nil, fmt.Errorf("%d class names for %d classes", len(classes), n)
	}
	all := make([]string, n)
	for i := range all {
		if len(classes) == 0 {
			all[i] = fmt.Sprint(i)
		} else {
			all[i] = printable(classes[i])
		}
	}
	return all, nil
}
