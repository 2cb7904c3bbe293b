package augment

import (
	"fmt"
	"math"
	"strconv"

	"resnet/data/pixels"
)

// Matrix maps the pixel (x, y) of a result to where it comes from, (m[0]*x + m[1]*y + m[2], m[3]*x + m[4]*y + m[5]), in
// pixels from the upper left corner.
type Matrix [6]float64

// AffineMatrix is that of torchvision's affine: shear by degrees along x and y, rotate by degrees clockwise, scale,
// around a centre, and translate.
func AffineMatrix(centre [2]float64, degrees float64, translate [2]float64, scale float64, shear [2]float64) Matrix {
	const radian = math.Pi / 180
	turn, sx, sy := degrees*radian, shear[0]*radian, shear[1]*radian
	sin, cos := math.Sin(turn-sy)/math.Cos(sy), math.Cos(turn-sy)/math.Cos(sy)
	a, b := cos, float64(-cos*math.Tan(sx))-math.Sin(turn)
	c, d := sin, float64(-sin*math.Tan(sx))+math.Cos(turn)
	m := Matrix{d / scale, -b / scale, 0, -c / scale, a / scale, 0} // the inverse: a*d - b*c is 1
	return m.around(centre, translate)
}

// around makes the matrix one that takes the centre, after the translation, for the origin.
func (m Matrix) around(centre, translate [2]float64) Matrix {
	x, y := -centre[0]-translate[0], -centre[1]-translate[1]
	m[2] = float64(m[0]*x) + float64(m[1]*y) + centre[0]
	m[5] = float64(m[3]*x) + float64(m[4]*y) + centre[1]
	return m
}

// RotationMatrix is that of Image.rotate: around the middle of w x h pixels, by degrees counter-clockwise.
func RotationMatrix(w, h int, degrees float64) Matrix {
	turn := -degrees * (math.Pi / 180)
	sin, cos := decimals(math.Sin(turn)), decimals(math.Cos(turn))
	return Matrix{cos, sin, 0, -sin, cos, 0}.around([2]float64{float64(w) / 2, float64(h) / 2}, [2]float64{})
}

// decimals rounds to 15 decimals.
func decimals(v float64) float64 {
	var b [32]byte
	v, err := strconv.ParseFloat(string(strconv.AppendFloat(b[:0], v, 'f', 15, 64)), 64)
	if err != nil {
		panic(err) // what was written can be read
	}
	return v
}

// Rotate turns the picture by degrees counter-clockwise around its middle, as Image.rotate and torchvision's rotate do;
// see Transform. Half turns, and quarters of a square, are exact.
func Rotate(dst, src *pixels.Image, degrees float64, filter pixels.Filter, fill [3]byte) {
	same(dst, src)
	if degrees = math.Mod(degrees, 360); degrees < 0 {
		degrees += 360
	}
	last := func(n int) float64 { return float64(n - 1) }
	switch square := src.W == src.H; {
	case degrees == 0:
		copyTurned(dst, src, Matrix{1, 0, 0, 0, 1, 0})
	case degrees == 180:
		copyTurned(dst, src, Matrix{-1, 0, last(src.W), 0, -1, last(src.H)})
	case degrees == 90 && square:
		copyTurned(dst, src, Matrix{0, -1, last(src.W), 1, 0, 0})
	case degrees == 270 && square:
		copyTurned(dst, src, Matrix{0, 1, 0, -1, 0, last(src.H)})
	default:
		Transform(dst, src, RotationMatrix(src.W, src.H, degrees), filter, fill)
	}
}

// copyTurned moves pixels by a matrix of whole numbers between their indices.
func copyTurned(dst, src *pixels.Image, m Matrix) {
	for y := range dst.H {
		out := dst.Row(y)
		for x := range dst.W {
			fromX, fromY := m.at(float64(x), float64(y))
			copy(out[x*dst.C:(x+1)*dst.C], src.Row(int(fromY))[int(fromX)*src.C:])
		}
	}
}

func (m *Matrix) at(x, y float64) (fromX, fromY float64) {
	return float64(m[0]*x) + float64(m[1]*y) + m[2], float64(m[3]*x) + float64(m[4]*y) + m[5]
}

// Transform moves src by a matrix (Image.transform(size, AFFINE)), with the filters Nearest and Bilinear. What lies
// outside of src is filled. With a side above 32767 Nearest computes in float64, as Pillow does.
func Transform(dst, src *pixels.Image, m Matrix, filter pixels.Filter, fill [3]byte) {
	same(dst, src)
	each(dst, func(row []byte) {
		for x := 0; x < len(row); x += dst.C {
			copy(row[x:x+dst.C], fill[:])
		}
	})
	switch {
	case filter == pixels.Bilinear:
		transformBilinear(dst, src, m)
	case filter != pixels.Nearest:
		panic(fmt.Sprintf("augment: transform with filter %v, want nearest or bilinear", filter))
	case m[1] == 0 && m[3] == 0:
		transformScaled(dst, src, m)
	case m.fixed(dst.W, dst.H):
		transformFixed(dst, src, m)
	default:
		transformNearest(dst, src, m)
	}
}
