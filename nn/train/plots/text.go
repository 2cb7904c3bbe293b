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

// style is how text is drawn.
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
		panic(err) // the font is part of the program
	}
	return font.Face{
		Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: vg.Length(size) * px},
		Face: f,
	}
}

func (s style) in(c color.Color) style { s.color = c; return s }

// width of a text in CSS pixels.
func (s style) width(text string) float64 { return float64(s.Width(text) / px) }

// widest is the width of the widest text.
func (s style) widest(texts []string) float64 {
	w := 0.0
	for _, t := range texts {
		w = max(w, s.width(t))
	}
	return w
}

// middle is how far below its middle the baseline of a line of text lies.
func (s style) middle() float64 { return 0.36 * float64(s.Font.Size/px) }

// anchor is the part of a text that lies left of where it is put.
type anchor float64

const (
	left   anchor = 0
	centre anchor = 0.5
	right  anchor = 1
)

// text draws one line of text with its baseline at y.
func (f *figure) text(s style, a anchor, x, y float64, text string) {
	if text == "" {
		return
	}
	f.SetColor(s.color)
	f.FillString(s.Face, f.point(x-float64(a)*s.width(text), y), text)
}

// slanted draws text that rises to its end at (x, y), angle in radians.
func (f *figure) slanted(s style, a anchor, x, y, angle float64, text string) {
	f.Push()
	f.Translate(f.point(x, y))
	f.Rotate(angle)
	f.SetColor(s.color)
	f.FillString(s.Face, vg.Point{X: -vg.Length(a) * s.Width(text)}, text)
	f.Pop()
}

// printable is a name as it can be drawn: one line, valid UTF-8, nothing that XML refuses.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, name)
}

// elide shortens a text to a width in CSS pixels, marked by an ellipsis.
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

// names are what n classes are called: their printable names, or their numbers where there are no names.
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
