package picture

// raster is a small picture, premultiplied R, G, B and A, 0 to 255.
type raster struct {
	w, h int
	pix  []float64
}

// newRaster cuts what the kernel's negative lobes made larger or smaller than a colour can be.
func newRaster(w, h int, pix []float64) *raster {
	for p := pix; len(p) > 0; p = p[4:] {
		p[3] = min(max(p[3], 0), 255)
		for k, v := range p[:3] {
			p[k] = min(max(v, 0), p[3])
		}
	}
	return &raster{w, h, pix}
}

func (m *raster) at(x, y int) []float64 { return m.pix[4*(y*m.w+x):][:4] }

// over returns the pixel drawn on a grey ground, 0 to 255.
func (m *raster) over(x, y, ground int) (r, g, b byte) {
	p := m.at(x, y)
	rest := float64(ground) * (255 - p[3]) / 255
	return byte(p[0] + rest + 0.5), byte(p[1] + rest + 0.5), byte(p[2] + rest + 0.5)
}

// ground is Picture.Ground.
func (m *raster) ground() float64 {
	var border, all mean
	for y := range m.h {
		for x := range m.w {
			p := m.at(x, y)
			all.add(p)
			if x == 0 || y == 0 || x == m.w-1 || y == m.h-1 {
				border.add(p)
			}
		}
	}
	switch {
	case border.alpha > 0.5*255*border.n:
		return border.luma / border.alpha
	case all.alpha > 0:
		return 1 - all.luma/all.alpha
	}
	return 0.5 // nothing is visible
}

// mean sums pixels for the brightness of what is visible of them.
type mean struct{ luma, alpha, n float64 }

func (s *mean) add(p []float64) {
	s.luma += 0.299*p[0] + 0.587*p[1] + 0.114*p[2]
	s.alpha += p[3]
	s.n++
}

// turned tells the orientations that exchange width and height.
func turned(orientation int) bool { return orientation >= 5 }

// oriented returns the picture as it is seen. The number says where row 0 and column 0 of what is stored are seen: 1
// top and left, 2 top and right, 3 bottom and right, 4 bottom and left, 5 left and top, 6 right and top, 7 right and
// bottom, 8 left and bottom (TIFF 6.0, page 36).
func (m *raster) oriented(orientation int) *raster {
	if orientation < 2 || orientation > 8 {
		return m
	}
	out := &raster{m.w, m.h, make([]float64, len(m.pix))}
	if turned(orientation) {
		out.w, out.h = m.h, m.w
	}
	for y := range m.h {
		for x := range m.w {
			right, bottom := m.w-1-x, m.h-1-y
			to := [...][2]int{
				2: {right, y}, 3: {right, bottom}, 4: {x, bottom},
				5: {y, x}, 6: {bottom, x}, 7: {bottom, right}, 8: {y, right},
			}[orientation]
			copy(out.at(to[0], to[1]), m.at(x, y))
		}
	}
	return out
}
