// Package pixels holds pictures as bytes and does to them what Pillow, and with it torchvision, does: byte for byte the
// same, so that a network sees what it saw where it was trained. Pillow's names stand in the comments.
package pixels

import "fmt"

// Image is a picture of bytes, in the order H, W, C. One channel is grey (Pillow's L), two are grey and alpha (LA),
// three red, green and blue (RGB), four those and alpha (RGBA). Colours are not premultiplied.
type Image struct {
	Pix     []byte // the pixel at (x, y) begins at y*Stride + x*C
	Stride  int    // bytes from one row to the next, at least W*C
	W, H, C int
}

// New returns a black picture, transparent if it has alpha.
func New(w, h, c int) *Image { return &Image{make([]byte, w*h*c), w * c, w, h, c} }

// Row returns the bytes of row y.
func (m *Image) Row(y int) []byte { return m.Pix[y*m.Stride:][:m.W*m.C] }

// HasAlpha tells whether the last channel is alpha.
func (m *Image) HasAlpha() bool { return m.C == 2 || m.C == 4 }

// Sub returns the part of the picture from (x, y) of w x h pixels, which must lie within; it shares the bytes.
func (m *Image) Sub(x, y, w, h int) Image {
	if x < 0 || y < 0 || w < 1 || h < 1 || x+w > m.W || y+h > m.H {
		panic(fmt.Sprintf("pixels: sub: %dx%d at row %d, column %d of %dx%d", h, w, y, x, m.H, m.W))
	}
	at := y*m.Stride + x*m.C
	return Image{m.Pix[at : at+(h-1)*m.Stride+w*m.C], m.Stride, w, h, m.C}
}

// maxSide bounds the sides of a picture, which keeps every product of two of them and the channels in an int64.
const maxSide = 1 << 16

// check returns an error unless the bytes are there.
func (m *Image) check(name string) error {
	switch {
	case m.C < 1 || m.C > 4:
		return fmt.Errorf("pixels: %s has %d channels, want 1 to 4", name, m.C)
	case m.W < 1 || m.H < 1 || m.W > maxSide || m.H > maxSide:
		return fmt.Errorf("pixels: %s has %dx%d pixels, want sides of 1 to %d", name, m.H, m.W, maxSide)
	case m.Stride < m.W*m.C:
		return fmt.Errorf("pixels: %s has rows every %d bytes, want at least %d", name, m.Stride, m.W*m.C)
	}
	// Divided rather than multiplied: a stride may be any number.
	if most := len(m.Pix) - m.W*m.C; most < 0 || m.H > 1 && m.Stride > most/(m.H-1) {
		return fmt.Errorf("pixels: %s of %dx%dx%d with rows every %d bytes has only %d", name, m.H, m.W, m.C, m.Stride,
			len(m.Pix))
	}
	return nil
}
