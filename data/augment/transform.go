package augment

import (
	"math"

	"resnet/data/pixels"
)

// fixed tells whether the corners come from where 16.16 fixed point reaches.
func (m *Matrix) fixed(w, h int) bool {
	for _, corner := range [][2]int{{0, 0}, {w, h}, {0, h}, {w, 0}} {
		x, y := m.at(float64(corner[0]), float64(corner[1]))
		if !(math.Abs(x) < 32768 && math.Abs(y) < 32768) {
			return false
		}
	}
	return true
}

// transformFixed takes the pixel in which a centre falls, in fixed point.
func transformFixed(dst, src *pixels.Image, m Matrix) {
	fix := func(v float64) int { return int(math.Floor(float64(v*65536) + 0.5)) }
	dx, dy := fix(m[0]), fix(m[3])
	startX := fix(m[2] + float64(m[0]*0.5) + float64(m[1]*0.5))
	startY := fix(m[5] + float64(m[3]*0.5) + float64(m[4]*0.5))
	for y := range dst.H {
		out := dst.Row(y)
		fromX, fromY := startX, startY
		for x := range dst.W {
			put(out[x*dst.C:(x+1)*dst.C], src, fromX>>16, fromY>>16)
			fromX, fromY = fromX+dx, fromY+dy
		}
		startX, startY = startX+fix(m[1]), startY+fix(m[4])
	}
}

// put copies a pixel, if there is one.
func put(out []byte, src *pixels.Image, x, y int) {
	if x >= 0 && x < src.W && y >= 0 && y < src.H {
		copy(out, src.Row(y)[x*src.C:])
	}
}

// transformScaled is transformFixed without rotation and shear, where centres are found by adding up.
func transformScaled(dst, src *pixels.Image, m Matrix) {
	fromY := m[5] + float64(m[4]*0.5)
	for y := range dst.H {
		out := dst.Row(y)
		fromX := m[2] + float64(m[0]*0.5)
		for x := range dst.W {
			put(out[x*dst.C:(x+1)*dst.C], src, whole(fromX), whole(fromY))
			fromX += m[0]
		}
		fromY += m[4]
	}
}

// whole is the pixel of a coordinate, -1 for all that are negative.
func whole(v float64) int {
	if v < 0 {
		return -1
	}
	return int(v)
}

// transformNearest is transformFixed in float64.
func transformNearest(dst, src *pixels.Image, m Matrix) {
	for y := range dst.H {
		out := dst.Row(y)
		for x := range dst.W {
			fromX, fromY := m.at(float64(x)+0.5, float64(y)+0.5)
			put(out[x*dst.C:(x+1)*dst.C], src, whole(fromX), whole(fromY))
		}
	}
}

// transformBilinear interpolates between the four pixels around a centre. Beyond the border the border counts.
func transformBilinear(dst, src *pixels.Image, m Matrix) {
	for y := range dst.H {
		out := dst.Row(y)
		for x := range dst.W {
			fromX, fromY := m.at(float64(x)+0.5, float64(y)+0.5)
			if fromX >= 0 && fromX < float64(src.W) && fromY >= 0 && fromY < float64(src.H) {
				interpolate(out[x*dst.C:(x+1)*dst.C], src, fromX-0.5, fromY-0.5)
			}
		}
	}
}

func interpolate(out []byte, src *pixels.Image, x, y float64) {
	left, top := math.Floor(x), math.Floor(y)
	dx, dy := x-left, y-top
	column := func(x float64) int { return min(max(int(x), 0), src.W-1) * src.C }
	row := func(y float64) []byte { return src.Row(min(max(int(y), 0), src.H-1)) }
	at0, at1 := column(left), column(left+1)
	above, below := row(top), row(top+1)
	between := func(a, b, part float64) float64 { return a + float64((b-a)*part) }
	for k := range out {
		v := between(float64(above[at0+k]), float64(above[at1+k]), dx)
		w := between(float64(below[at0+k]), float64(below[at1+k]), dx)
		out[k] = byte(between(v, w, dy))
	}
}
