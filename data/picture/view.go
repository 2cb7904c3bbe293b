package picture

import (
	"fmt"
	"image"

	"resnet/data/pixels"
)

// Ground is the colour on which transparent parts of a picture are drawn: red, green, blue.
type Ground [3]byte

// White is the ground of pictures on paper and on most pages.
var White = Ground{255, 255, 255}

// View is a decoded picture as bytes of C channels: 4 are Pillow's convert("RGBA"), 3 its convert("RGB"), and 1 its
// convert("L"). It is a [pixels.Source]: it converts the part alone that it is asked for, and allocates nothing once it
// has a buffer as large. A goroutine needs one of its own.
//
// The bytes are those of Pillow. Where alpha is left out, what is transparent is pasted on the ground (Image.paste with
// the alpha as mask); YCbCr is converted as libjpeg does it, its chroma interpolated. 16 bits a sample become 8 by
// their upper half; Pillow cuts grey ones at 255 instead, which leaves most of them white.
type View struct {
	Image  image.Image
	Canvas image.Rectangle // what is shown: a crop of the image, or more, transparent around it; if empty, the image
	C      int
	Ground Ground

	out       pixels.Image
	rgba, rgb []byte       // a row on its way to fewer channels
	palette   [256][4]byte // red, green, blue, alpha
	chroma    [2][]byte    // of a row, one for each pixel
	columns   []uint16     // of chroma that a row is interpolated from
}

// ToRGB converts a whole picture to red, green and blue.
func ToRGB(m image.Image, ground Ground) (*pixels.Image, error) {
	return (&View{Image: m, C: 3, Ground: ground}).all()
}

// ToGrey converts a whole picture to grey.
func ToGrey(m image.Image, ground Ground) (*pixels.Image, error) {
	return (&View{Image: m, C: 1, Ground: ground}).all()
}

func (v *View) all() (*pixels.Image, error) {
	w, h, _ := v.Size()
	m, err := v.Part(0, 0, w, h)
	return &m, err
}

// Size returns width, height and channels.
func (v *View) Size() (w, h, c int) {
	size := v.canvas().Size()
	return size.X, size.Y, v.C
}

func (v *View) canvas() image.Rectangle {
	if v.Canvas.Empty() {
		return v.Image.Bounds()
	}
	return v.Canvas
}

// Part converts a rectangle of the picture.
func (v *View) Part(x, y, w, h int) (pixels.Image, error) {
	whole := v.canvas()
	at := image.Rect(x, y, x+w, y+h).Add(whole.Min)
	if v.C != 1 && v.C != 3 && v.C != 4 {
		return pixels.Image{}, fmt.Errorf("picture: view of %d channels, want 1, 3 or 4", v.C)
	}
	if at.Empty() || !at.In(whole) {
		return pixels.Image{}, fmt.Errorf("picture: part of %dx%d at row %d, column %d, want it within %dx%d", h, w, y,
			x, whole.Dy(), whole.Dx())
	}
	v.out = pixels.Image{Pix: room(v.out.Pix, w*h*v.C), Stride: w * v.C, W: w, H: h, C: v.C}
	if m, ok := v.Image.(*image.Paletted); ok {
		v.setPalette(m.Palette)
	}
	seen := at.Intersect(v.Image.Bounds())
	if seen != at {
		v.fill()
	}
	for y := seen.Min.Y; y < seen.Max.Y; y++ {
		row := v.out.Row(y - at.Min.Y)
		v.row(row[(seen.Min.X-at.Min.X)*v.C:(seen.Max.X-at.Min.X)*v.C], seen.Min.X, y)
	}
	return v.out, nil
}

// fill makes all of a part what is seen beside the image.
func (v *View) fill() {
	var pixel [4]byte // transparent
	if v.C < 4 {
		copy(pixel[:], v.Ground[:])
	}
	if v.C == 1 {
		greyRow(pixel[:1], v.Ground[:])
	}
	for p := v.out.Pix; len(p) > 0; p = p[v.C:] {
		copy(p, pixel[:v.C])
	}
}

// room returns a slice of n values that reuses memory.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// row converts the pixels of the image from (x, y) on.
func (v *View) row(out []byte, x, y int) {
	n := len(out) / v.C
	switch v.C {
	case 1:
		if !v.grey(out, x, y) {
			v.rgb = room(v.rgb, 3*n)
			v.colour(v.rgb, x, y)
			greyRow(out, v.rgb)
		}
	case 3:
		v.colour(out, x, y)
	case 4:
		v.rgb = room(v.rgb, 3*n)
		if v.opaque(v.rgb, x, y) {
			withAlpha(out, v.rgb)
		} else {
			v.transparent(out, x, y)
		}
	}
}

// colour converts the pixels from (x, y) on to red, green and blue.
func (v *View) colour(out []byte, x, y int) {
	if !v.opaque(out, x, y) {
		v.rgba = room(v.rgba, len(out)/3*4)
		v.transparent(v.rgba, x, y)
		paste(out, v.rgba, v.Ground)
	}
}

// grey converts the pixels from (x, y) on, if the picture is of a grey kind.
func (v *View) grey(out []byte, x, y int) bool {
	switch m := v.Image.(type) {
	case *image.Gray:
		copy(out, m.Pix[m.PixOffset(x, y):])
	case *image.Gray16:
		in := m.Pix[m.PixOffset(x, y):]
		for i := range out {
			out[i] = in[2*i]
		}
	default:
		return false
	}
	return true
}

// greyRow is Rec. 601's luma in 16-bit fixed point, as Pillow has it. Greys keep their value.
func greyRow(out, rgb []byte) {
	for i := range out {
		p := rgb[3*i : 3*i+3]
		out[i] = byte((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 0x8000) >> 16)
	}
}

// paste draws red, green, blue and alpha on a ground.
func paste(out, rgba []byte, ground Ground) {
	for ; len(out) >= 3; out, rgba = out[3:], rgba[4:] {
		alpha := uint32(rgba[3])
		if alpha == 255 {
			copy(out[:3], rgba)
			continue
		}
		for k, value := range rgba[:3] {
			out[k] = byte(div255(uint32(value)*alpha + uint32(ground[k])*(255-alpha)))
		}
	}
}

// div255 is n/255, rounded, for a product of two bytes.
func div255(n uint32) uint32 {
	n += 128
	return (n>>8 + n) >> 8
}
