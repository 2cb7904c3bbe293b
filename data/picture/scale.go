package picture

import (
	"image"
	"image/draw"
	"math"
)

// still is a decoded picture.
type still struct {
	image.Image
	canvas      image.Rectangle // what is shown; it holds the image and is transparent elsewhere
	orientation int             // as in EXIF
}

// fit scales the picture as it is seen into h x w and centres it there.
func (s *still) fit(h, w, c int, invert bool) *Picture {
	seen := s.canvas.Size()
	if turned(s.orientation) {
		seen.X, seen.Y = seen.Y, seen.X
	}
	at := centred(seen, h, w)
	dx, dy := at.Dx(), at.Dy()
	if turned(s.orientation) {
		dx, dy = dy, dx
	}
	m := s.scale(dx, dy).oriented(s.orientation)

	ground, flip := 0, byte(0)
	if invert {
		ground, flip = 255, 255
	}
	p := &Picture{Pixels: make([]byte, h*w*c), Ground: m.ground()}
	for y := range m.h {
		out := p.Pixels[((at.Min.Y+y)*w+at.Min.X)*c:]
		for x := range m.w {
			r, g, b := m.over(x, y, ground)
			r, g, b = r^flip, g^flip, b^flip // 255-v == v^255
			if c == 3 {
				copy(out[3*x:], []byte{r, g, b})
			} else {
				out[x] = luma(r, g, b)
			}
		}
	}
	return p
}

// centred returns the largest rectangle of the aspect of size in h x w, at least one pixel each way.
func centred(size image.Point, h, w int) image.Rectangle {
	scale := min(float64(w)/float64(size.X), float64(h)/float64(size.Y))
	dw := max(1, int(math.Round(float64(size.X)*scale)))
	dh := max(1, int(math.Round(float64(size.Y)*scale)))
	x, y := (w-dw)/2, (h-dh)/2
	return image.Rect(x, y, x+dw, y+dh)
}

// luma is Rec. 601's 0.299 R + 0.587 G + 0.114 B, rounded; greys keep their value.
func luma(r, g, b byte) byte {
	return byte((299*int(r) + 587*int(g) + 114*int(b) + 500) / 1000)
}

// scale resamples the canvas to w x h. Beside the result it holds one row of the picture at a time, which is why this
// is not x/image/draw: that holds all rows, in float64.
func (s *still) scale(w, h int) *raster {
	across, down := filters(s.canvas.Dx(), w), filters(s.canvas.Dy(), h)
	sum := make([]float64, 4*w*h) // premultiplied R, G, B and A
	line := image.NewRGBA(image.Rect(0, 0, s.canvas.Dx(), 1))
	row := make([]float64, len(line.Pix))
	narrow := make([]float64, 4*w)
	first := 0 // of the rows of the result to which rows from y on contribute
	for y := range s.canvas.Dy() {
		for down[first].from+len(down[first].weights) <= y {
			first++
		}
		s.read(row, line, s.canvas.Min.Y+y)
		for x, f := range across {
			f.apply(narrow[4*x:4*x+4], row[4*f.from:])
		}
		for i := first; i < h && down[i].from <= y; i++ {
			weight := down[i].weights[y-down[i].from]
			out := sum[4*w*i:]
			for k, v := range narrow {
				out[k] += weight * v
			}
		}
	}
	return newRaster(w, h, sum)
}

// read reads row y of the canvas, premultiplied, 0 to 255, by way of line.
func (s *still) read(row []float64, line *image.RGBA, y int) {
	line.Rect = image.Rect(s.canvas.Min.X, y, s.canvas.Max.X, y+1)
	clear(line.Pix) // the image may cover a part of the canvas
	draw.Draw(line, line.Rect, s.Image, line.Rect.Min, draw.Src)
	for i, v := range line.Pix {
		row[i] = float64(v)
	}
}

// filter computes one sample of the result from neighbouring samples of the source.
type filter struct {
	from    int // the first of them
	weights []float64
}

// apply sets out to the weighted sum of pixels.
func (f filter) apply(out, pixels []float64) {
	var r, g, b, a float64
	for k, weight := range f.weights {
		p := pixels[4*k : 4*k+4]
		r += weight * p[0]
		g += weight * p[1]
		b += weight * p[2]
		a += weight * p[3]
	}
	out[0], out[1], out[2], out[3] = r, g, b, a
}

// filters returns those that resample n samples to m. The kernel spans four samples of the source, or of the result
// where that is coarser; its weights sum to 1 also at the borders, where it is cut.
func filters(n, m int) []filter {
	step := float64(n) / float64(m)
	width := max(step, 1)
	all := make([]filter, m)
	for i := range all {
		centre := (float64(i)+0.5)*step - 0.5
		from := max(0, int(math.Ceil(centre-2*width)))
		to := min(n, int(math.Floor(centre+2*width))+1)
		f := filter{from, make([]float64, to-from)}
		sum := 0.0
		for k := range f.weights {
			f.weights[k] = catmullRom(math.Abs(float64(from+k)-centre) / width)
			sum += f.weights[k]
		}
		for k := range f.weights {
			f.weights[k] /= sum
		}
		all[i] = f
	}
	return all
}

// catmullRom is the cubic kernel with B = 0 and C = 1/2 of Mitchell and Netravali 1988, at t >= 0.
func catmullRom(t float64) float64 {
	switch {
	case t < 1:
		return (1.5*t-2.5)*t*t + 1
	case t < 2:
		return ((-0.5*t+2.5)*t-4)*t + 2
	}
	return 0
}
