package picture

import (
	"fmt"
	"image"
	"image/color"

	"resnet/data/pixels"
)

// Ground is the colour on which transparent parts of a picture are drawn: red, green, blue.
type Ground [3]byte

// White is the ground of pictures on paper and on most pages.
var White = Ground{255, 255, 255}

// View is a decoded picture as bytes of C channels: 3 are Pillow's convert("RGB"), 1 are its convert("L"). It is a
// [pixels.Source], and converts only the part that it is asked for, without an allocation once it has a buffer as large.
// A goroutine needs one of its own.
//
// The bytes are those of Pillow, with what is transparent pasted on the ground (Image.paste with the alpha as mask), and
// YCbCr as libjpeg converts it, its chroma interpolated. 16 bits a sample become 8 by their upper half; Pillow cuts
// grey ones at 255 instead, which leaves most of them white.
type View struct {
	Image  image.Image
	C      int
	Ground Ground

	out     pixels.Image
	line    []byte      // a row in colour, on its way to grey
	palette [256]Ground // drawn on the ground
	chroma  [2][]byte   // of a row, one for each pixel
	columns []int32     // of chroma that a row is interpolated from
}

// ToRGB converts a whole picture to red, green and blue.
func ToRGB(m image.Image, ground Ground) (*pixels.Image, error) {
	return all(&View{Image: m, C: 3, Ground: ground})
}

// ToGrey converts a whole picture to grey.
func ToGrey(m image.Image, ground Ground) (*pixels.Image, error) {
	return all(&View{Image: m, C: 1, Ground: ground})
}

func all(v *View) (*pixels.Image, error) {
	w, h, _ := v.Size()
	m, err := v.Part(0, 0, w, h)
	return &m, err
}

// Size returns width, height and channels.
func (v *View) Size() (w, h, c int) {
	size := v.Image.Bounds().Size()
	return size.X, size.Y, v.C
}

// Part converts a rectangle of the picture.
func (v *View) Part(x, y, w, h int) (pixels.Image, error) {
	whole := v.Image.Bounds()
	at := image.Rect(x, y, x+w, y+h).Add(whole.Min)
	if v.C != 1 && v.C != 3 {
		return pixels.Image{}, fmt.Errorf("picture: view of %d channels, want 1 or 3", v.C)
	}
	if at.Empty() || !at.In(whole) {
		return pixels.Image{}, fmt.Errorf("picture: part of %dx%d at row %d, column %d, want it within %dx%d", h, w, y, x,
			whole.Dy(), whole.Dx())
	}
	v.out = pixels.Image{Pix: room(v.out.Pix, w*h*v.C), Stride: w * v.C, W: w, H: h, C: v.C}
	if m, ok := v.Image.(*image.Paletted); ok {
		v.setPalette(m.Palette)
	}
	for i := range h {
		v.row(v.out.Row(i), at.Min.X, at.Min.Y+i)
	}
	return v.out, nil
}

// room returns a slice of n values that reuses memory.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// row converts the pixels from (x, y) on.
func (v *View) row(out []byte, x, y int) {
	if v.C == 3 {
		v.colour(out, x, y)
		return
	}
	switch m := v.Image.(type) {
	case *image.Gray:
		copy(out, m.Pix[m.PixOffset(x, y):])
	case *image.Gray16:
		in := m.Pix[m.PixOffset(x, y):]
		for i := range out {
			out[i] = in[2*i]
		}
	default:
		v.line = room(v.line, 3*len(out))
		v.colour(v.line, x, y)
		greyRow(out, v.line)
	}
}

// greyRow is Rec. 601's luma in 16-bit fixed point, as Pillow has it. Greys keep their value.
func greyRow(out, rgb []byte) {
	for i := range out {
		p := rgb[3*i : 3*i+3]
		out[i] = byte((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 0x8000) >> 16)
	}
}

// colour converts the pixels from (x, y) on to red, green and blue.
func (v *View) colour(out []byte, x, y int) {
	switch m := v.Image.(type) {
	case *image.YCbCr:
		v.yCbCrRow(out, m, x, y)
	case *image.NYCbCrA:
		v.yCbCrRow(out, &m.YCbCr, x, y)
		v.paste(out, m.A[m.AOffset(x, y):], 1)
	case *image.Gray:
		spread(out, m.Pix[m.PixOffset(x, y):], 1)
	case *image.Gray16:
		spread(out, m.Pix[m.PixOffset(x, y):], 2)
	case *image.RGBA:
		v.premultipliedRow(out, m.Pix[m.PixOffset(x, y):], 1)
	case *image.RGBA64:
		v.premultipliedRow(out, m.Pix[m.PixOffset(x, y):], 2)
	case *image.NRGBA:
		v.alphaRow(out, m.Pix[m.PixOffset(x, y):], 1)
	case *image.NRGBA64:
		v.alphaRow(out, m.Pix[m.PixOffset(x, y):], 2)
	case *image.Paletted:
		for i, index := range m.Pix[m.PixOffset(x, y):][:len(out)/3] {
			copy(out[3*i:], v.palette[index][:])
		}
	case *image.CMYK:
		cmykRow(out, m.Pix[m.PixOffset(x, y):])
	default:
		for i := 0; i < len(out); i += 3 {
			v.pixel(out[i:i+3], m.At(x+i/3, y))
		}
	}
}

// spread writes greys of so many bytes, of which the first counts.
func spread(out, in []byte, size int) {
	for i := 0; i < len(out); i += 3 {
		g := in[i/3*size]
		out[i], out[i+1], out[i+2] = g, g, g
	}
}

// alphaRow converts red, green, blue and alpha of so many bytes each, of which the first counts.
func (v *View) alphaRow(out, in []byte, size int) {
	for i := 0; i < len(out); i += 3 {
		p := in[i/3*4*size:][:4*size]
		out[i], out[i+1], out[i+2] = p[0], p[size], p[2*size]
	}
	v.paste(out, in[3*size:], 4*size)
}

// premultipliedRow is alphaRow for colours that have been multiplied by their alpha.
func (v *View) premultipliedRow(out, in []byte, size int) {
	for i := 0; i < len(out); i += 3 {
		p := in[i/3*4*size:][:4*size]
		out[i], out[i+1], out[i+2] = p[0], p[size], p[2*size]
		if alpha := uint32(p[3*size]); alpha != 255 {
			for k, value := range out[i : i+3] {
				out[i+k] = byte(min(255, uint32(value)+div255(uint32(v.Ground[k])*(255-alpha))))
			}
		}
	}
}

// div255 is n/255, rounded, for a product of two bytes.
func div255(n uint32) uint32 {
	n += 128
	return (n>>8 + n) >> 8
}

// paste draws colours on the ground. Their alphas are so many bytes apart.
func (v *View) paste(out, alpha []byte, stride int) {
	for i := 0; i < len(out); i += 3 {
		if a := uint32(alpha[i/3*stride]); a != 255 {
			for k, value := range out[i : i+3] {
				out[i+k] = byte(div255(uint32(value)*a + uint32(v.Ground[k])*(255-a)))
			}
		}
	}
}

func (v *View) pixel(out []byte, c color.Color) {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	v.alphaRow(out, []byte{n.R, n.G, n.B, n.A}, 1)
}

// setPalette draws the palette on the ground. Colours that it lacks are black.
func (v *View) setPalette(p color.Palette) {
	clear(v.palette[:])
	for i, c := range p[:min(len(p), len(v.palette))] {
		v.pixel(v.palette[i][:], c)
	}
}

// cmykRow converts ink to light.
func cmykRow(out, in []byte) {
	for i := 0; i < len(out); i += 3 {
		p := in[i/3*4:][:4]
		light := 255 - uint32(p[3])
		for k, ink := range p[:3] {
			out[i+k] = byte(light - min(light, div255(uint32(ink)*light)))
		}
	}
}
