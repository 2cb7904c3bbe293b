package plots

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"resnet/data/atomicfile"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Options apply to every kind of picture. The zero value is ready to use.
type Options struct {
	Title string // replaces the picture's default title
}

func (o Options) title(own string) string {
	if o.Title != "" {
		return printable(o.Title)
	}
	return own
}

const (
	px    = vg.Inch / 96 // a CSS pixel, the unit of every length in this package
	dense = 2            // pixels of a PNG, and of images within an SVG, per CSS pixel

	margin   = 24.0 // around every picture
	heading  = 68.0 // height of title and note, with the margin above
	minWidth = 480.0

	maxPixels = 40e6 // 320 MB while a PNG is drawn
)

// figure is a picture being drawn: CSS pixels from the top left corner, y growing downwards, on white.
type figure struct {
	vg.Canvas
	path string
	w, h float64
	out  io.WriterTo
}

// newFigure begins a picture of w x h CSS pixels, rounded up.
func newFigure(path string, w, h float64) (*figure, error) {
	w, h = math.Ceil(w), math.Ceil(h)
	if pixels := w * h * dense * dense; pixels > maxPixels {
		return nil, fmt.Errorf("plots: %s: picture of %.0f million pixels, at most %.0f million (show less)", path,
			pixels/1e6, maxPixels/1e6)
	}
	f := &figure{path: path, w: w, h: h}
	width, height := vg.Length(w)*px, vg.Length(h)*px
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(96*dense))
		f.Canvas, f.out = c, vgimg.PngCanvas{Canvas: c}
	case ".svg":
		c := vgsvg.New(width, height)
		f.Canvas, f.out = c, c
		f.rect(0, 0, w, h, background)
	default:
		return nil, fmt.Errorf("plots: %s: extension %q, want .png or .svg", path, ext)
	}
	return f, nil
}

// svgFixes corrects the output of vgsvg: it names one font without a fallback, and declares images as JPEG.
var svgFixes = strings.NewReplacer(
	"font-family:Liberation Sans;font-variant:normal;", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;",
	"data:image/jpg;", "data:image/png;",
)

// save replaces the file as a whole. What is no file, such as a pipe, is written to.
func (f *figure) save() error {
	content, err := f.encode()
	if err != nil {
		return err
	}
	if i, e := os.Stat(f.path); e == nil && !i.Mode().IsRegular() && !i.IsDir() {
		err = os.WriteFile(f.path, content, 0o666)
	} else {
		err = atomicfile.Write(f.path, func(w io.Writer) error { _, err := w.Write(content); return err })
	}
	if err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	return nil
}

// encode returns the content of the file.
func (f *figure) encode() ([]byte, error) {
	var b bytes.Buffer
	if _, err := f.out.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("plots: %s: %w", f.path, err)
	}
	if _, ok := f.out.(*vgsvg.Canvas); ok {
		return []byte(svgFixes.Replace(b.String())), nil
	}
	return b.Bytes(), nil
}

// heading writes the title and a note at the top.
func (f *figure) heading(title, note string) {
	f.text(titleStyle, left, margin, 36, titleStyle.elide(title, f.w-2*margin))
	f.text(noteStyle, left, margin, 56, noteStyle.elide(note, f.w-2*margin))
}

func (f *figure) point(x, y float64) vg.Point {
	return vg.Point{X: vg.Length(x) * px, Y: vg.Length(f.h-y) * px}
}

// rect fills the rectangle whose top left corner is at (x, y).
func (f *figure) rect(x, y, w, h float64, c color.Color) {
	f.SetColor(c)
	f.Fill(vg.Rectangle{Min: f.point(x, y+h), Max: f.point(x+w, y)}.Path())
}

// frame draws a border of the given width around, not over, a rectangle.
func (f *figure) frame(x, y, w, h, width float64, c color.Color) {
	f.rect(x-width, y-width, w+2*width, width, c)
	f.rect(x-width, y+h, w+2*width, width, c)
	f.rect(x-width, y, width, h, c)
	f.rect(x+w, y, width, h, c)
}

// pen is how lines are drawn.
type pen struct {
	color color.Color
	width float64     // CSS pixels
	dash  []vg.Length // on, off; nil: solid
}

func (f *figure) stroke(p pen, path vg.Path) {
	f.SetColor(p.color)
	f.SetLineWidth(vg.Length(p.width) * px)
	f.SetLineDash(p.dash, 0)
	f.Stroke(path)
}

// line draws a line through points (x, y).
func (f *figure) line(p pen, points ...[2]float64) {
	var path vg.Path
	for i, at := range points {
		if i == 0 {
			path.Move(f.point(at[0], at[1]))
		} else {
			path.Line(f.point(at[0], at[1]))
		}
	}
	f.stroke(p, path)
}

// disc draws a filled circle, ring its outline, and cross an x that fits into the same square.
func (f *figure) disc(x, y, r float64, c color.Color) {
	f.SetColor(c)
	f.Fill(f.circle(x, y, r))
}

func (f *figure) ring(p pen, x, y, r float64) { f.stroke(p, f.circle(x, y, r)) }

func (f *figure) cross(p pen, x, y, r float64) {
	f.line(p, [2]float64{x - r, y - r}, [2]float64{x + r, y + r})
	f.line(p, [2]float64{x - r, y + r}, [2]float64{x + r, y - r})
}

func (f *figure) circle(x, y, r float64) vg.Path {
	var path vg.Path
	path.Move(f.point(x+r, y))
	path.Arc(f.point(x, y), vg.Length(r)*px, 0, 2*pi)
	path.Close()
	return path
}

// image draws an image without scaling, at dense pixels per CSS pixel, with its top left corner at (x, y).
func (f *figure) image(x, y float64, img image.Image) {
	b := img.Bounds()
	w, h := float64(b.Dx())/dense, float64(b.Dy())/dense
	f.DrawImage(vg.Rectangle{Min: f.point(x, y+h), Max: f.point(x+w, y)}, img)
}
