package plots

import (
	"fmt"
	"image"
	"image/color"
	"slices"

	"golang.org/x/image/draw"

	"resnet/nn"
)

// Lengths of a gallery, in CSS pixels.
const (
	imageSide    = 128.0 // the longer side of an image
	captionWidth = 120.0 // at least; captions of a wider image are as wide as the image
	lineStep     = 16.0
)

// draw draws the picture; items have passed check, or there are none.
func (o *GridOptions) draw(
	path string, items []Item, classes []string, title, note string,
) (*figure, error) {
	w, h := scaled(o.Shape.W, o.Shape.H, imageSide*dense)
	tileW, tileH := max(captionWidth, float64(w)/dense), float64(h)/dense+6+2*lineStep
	if slices.ContainsFunc(items, func(it Item) bool { return it.Name != "" }) {
		tileH += lineStep
	}
	t := newTiling(len(items), o.Columns, tileW, tileH, 20)
	width, height := t.size()
	f, err := newFigure(path, width, height)
	if err != nil {
		return nil, err
	}
	f.heading(title, note)
	for i := range items {
		x, y := t.at(i)
		img := enlarge(pixelImage(items[i].Pixels, o.Shape), imageSide*dense)
		drawItem(f, &items[i], classes, img, x, y, tileW)
	}
	return f, nil
}

// drawItem draws an image with its top left corner at (x, y), and captions of the given width below it.
func drawItem(f *figure, it *Item, classes []string, img *image.RGBA, x, y, width float64) {
	w, h := float64(img.Rect.Dx())/dense, float64(img.Rect.Dy())/dense
	f.image(x, y, img)
	predicted := it.predicted()
	percent := fmt.Sprintf("%.1f %%", 100*it.Probs[predicted])
	s, from := headStyle, x
	y += h + lineStep
	if it.mistaken() {
		s = headStyle.in(wrong)
		f.frame(x, y-h-lineStep, w, h, 3, wrong)
		f.cross(pen{color: wrong, width: 2}, x+4, y-4.5, 4)
		from += 13
	}
	if it.Label != NoLabel {
		f.text(textStyle, left, x, y+lineStep, textStyle.elide("true: "+classes[it.Label], width))
	}
	room := x + width - from - textStyle.width(percent) - 6
	f.text(s, left, from, y, s.elide(classes[predicted], room))
	f.text(textStyle.in(s.color), right, x+width, y, percent)
	f.text(noteStyle, left, x, y+2*lineStep, noteStyle.elide(printable(it.Name), width))
}

// pixelImage converts H*W*C bytes, grey or RGB, to an image.
func pixelImage(pixels []byte, s nn.Shape) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, s.W, s.H))
	for i := range s.H * s.W {
		p := pixels[i*s.C : (i+1)*s.C]
		img.SetRGBA(i%s.W, i/s.W, color.RGBA{p[0], p[s.C/2], p[s.C-1], 255})
	}
	return img
}

// scaled returns the size at which an image of w x h pixels is drawn so that its longer side is at most side: an
// integer multiple of w and h, or for a larger image a fraction.
func scaled(w, h, side int) (int, int) {
	longer := max(w, h)
	if n := side / longer; n > 0 {
		return n * w, n * h
	}
	return max(1, w*side/longer), max(1, h*side/longer)
}

// enlarge scales an image to the size that scaled returns.
func enlarge(img *image.RGBA, side int) *image.RGBA {
	w, h := scaled(img.Rect.Dx(), img.Rect.Dy(), side)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	var scaler draw.Scaler = draw.NearestNeighbor
	if w < img.Rect.Dx() || h < img.Rect.Dy() {
		scaler = draw.CatmullRom
	}
	scaler.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	return out
}
