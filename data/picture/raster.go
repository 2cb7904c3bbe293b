package picture

import "resnet/data/pixels"

// raster is a small picture of red, green, blue and, if it has four channels, alpha.
type raster struct{ pixels.Image }

func (m *raster) at(x, y int) []byte { return m.Row(y)[x*m.C:][:m.C] }

// over draws row y on a ground.
func (m *raster) over(rgb []byte, y int, ground Ground) {
	if m.C == 3 {
		copy(rgb, m.Row(y))
	} else {
		paste(rgb, m.Row(y), ground)
	}
}

// ground is Picture.Ground.
func (m *raster) ground() float64 {
	var border, all mean
	for y := range m.H {
		for x := range m.W {
			p := m.at(x, y)
			all.add(p)
			if x == 0 || y == 0 || x == m.W-1 || y == m.H-1 {
				border.add(p)
			}
		}
	}
	switch {
	case border.alpha > 0.5*border.n:
		return border.luma / border.alpha / 255
	case all.alpha > 0:
		return 1 - all.luma/all.alpha/255
	}
	return 0.5 // nothing is visible
}

// mean sums pixels for the brightness of what is visible of them.
type mean struct {
	luma  float64 // times alpha
	alpha float64 // 0 to 1
	n     float64
}

func (s *mean) add(p []byte) {
	alpha := 1.0
	if len(p) == 4 {
		alpha = float64(p[3]) / 255
	}
	s.luma += alpha * (0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2]))
	s.alpha += alpha
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
	w, h := m.W, m.H
	if turned(orientation) {
		w, h = h, w
	}
	out := &raster{*pixels.New(w, h, m.C)}
	for y := range m.H {
		for x := range m.W {
			right, bottom := m.W-1-x, m.H-1-y
			to := [...][2]int{
				2: {right, y}, 3: {right, bottom}, 4: {x, bottom},
				5: {y, x}, 6: {bottom, x}, 7: {bottom, right}, 8: {y, right},
			}[orientation]
			copy(out.at(to[0], to[1]), m.at(x, y))
		}
	}
	return out
}
