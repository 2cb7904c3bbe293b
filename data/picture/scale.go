package picture

import (
	"image"
	"math"

	"resnet/data/pixels"
)

// still is a decoded picture.
type still struct {
	image.Image
	canvas      image.Rectangle // what is shown; it holds the image and is transparent elsewhere
	orientation int             // as in EXIF
}

// fit scales the picture as it is seen into h x w and centres it there.
func (s *still) fit(h, w, c int, invert bool) (*Picture, error) {
	seen := s.canvas.Size()
	if turned(s.orientation) {
		seen.X, seen.Y = seen.Y, seen.X
	}
	at := centred(seen, h, w)
	dx, dy := at.Dx(), at.Dy()
	if turned(s.orientation) {
		dx, dy = dy, dx
	}
	m, err := s.scale(dx, dy)
	if err != nil {
		return nil, err
	}
	m = m.oriented(s.orientation)

	ground, flip := byte(0), byte(0)
	if invert {
		ground, flip = 255, 255
	}
	p := &Picture{Pixels: make([]byte, h*w*c), Ground: m.ground()}
	line := make([]byte, 3*m.W)
	for y := range m.H {
		m.over(line, y, Ground{ground, ground, ground})
		for i := range line {
			line[i] ^= flip // 255-v == v^255
		}
		out := p.Pixels[((at.Min.Y+y)*w+at.Min.X)*c:][:m.W*c]
		if c == 3 {
			copy(out, line)
		} else {
			greyRow(out, line)
		}
	}
	return p, nil
}

// centred returns the largest rectangle of the aspect of size in h x w, at least one pixel each way.
func centred(size image.Point, h, w int) image.Rectangle {
	scale := min(float64(w)/float64(size.X), float64(h)/float64(size.Y))
	dw := max(1, int(math.Round(float64(size.X)*scale)))
	dh := max(1, int(math.Round(float64(size.Y)*scale)))
	x, y := (w-dw)/2, (h-dh)/2
	return image.Rect(x, y, x+dw, y+dh)
}

// scale resamples the canvas to w x h.
func (s *still) scale(w, h int) (*raster, error) {
	v := &View{Image: s.Image, Canvas: s.canvas, C: 4}
	if whole, ok := s.Image.(interface{ Opaque() bool }); ok && s.canvas == s.Bounds() && whole.Opaque() {
		v.C = 3
	}
	m := &raster{*pixels.New(w, h, v.C)}
	return m, new(pixels.Resizer).Resize(&m.Image, v, pixels.Bicubic, pixels.Whole(v))
}
