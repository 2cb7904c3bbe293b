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

// hasAlpha tells whether the last channel is alpha.
func hasAlpha(c int) bool { return c == 2 || c == 4 }

// New returns a black picture, transparent if it has alpha.
func New(w, h, c int) *Image { return &Image{make([]byte, w*h*c), w * c, w, h, c} }

// Row returns the bytes of row y.
func (m *Image) Row(y int) []byte { return m.Pix[y*m.Stride:][:m.W*m.C] }

// Source is a picture that is made where it is needed: one still to be decoded or converted, or an Image.
type Source interface {
	// Size returns width, height and channels.
	Size() (w, h, c int)

	// Part returns the pixels of a rectangle within the picture, of at least one pixel. They are valid until the next
	// call.
	Part(x, y, w, h int) (Image, error)
}

// Size returns width, height and channels.
func (m *Image) Size() (w, h, c int) { return m.W, m.H, m.C }

// Part returns the part of the picture from (x, y) of w x h pixels; it shares the bytes.
func (m *Image) Part(x, y, w, h int) (Image, error) {
	if err := m.check("source"); err != nil {
		return Image{}, err
	}
	if x < 0 || y < 0 || w < 1 || h < 1 || w > m.W-x || h > m.H-y {
		return Image{}, fmt.Errorf("pixels: part of %dx%d at row %d, column %d, want it within %dx%d", h, w, y, x, m.H,
			m.W)
	}
	at := y*m.Stride + x*m.C
	return Image{m.Pix[at:], m.Stride, w, h, m.C}, nil
}

// maxSide bounds the sides of a picture, which keeps every product of two of them and the channels in an int64.
const maxSide = 1 << 16

func checkSize(name string, s Source) error {
	w, h, c := s.Size()
	if c < 1 || c > 4 {
		return fmt.Errorf("pixels: %s has %d channels, want 1 to 4", name, c)
	}
	if w < 1 || h < 1 || w > maxSide || h > maxSide {
		return fmt.Errorf("pixels: %s has %dx%d pixels, want sides of 1 to %d", name, h, w, maxSide)
	}
	return nil
}

// check returns an error unless the sides make sense and the bytes are there.
func (m *Image) check(name string) error {
	if err := checkSize(name, m); err != nil {
		return err
	}
	if m.Stride < m.W*m.C {
		return fmt.Errorf("pixels: %s has rows every %d bytes, want at least %d", name, m.Stride, m.W*m.C)
	}
	// Divided rather than multiplied: a stride may be any number.
	if most := len(m.Pix) - m.W*m.C; most < 0 || m.H > 1 && m.Stride > most/(m.H-1) {
		return fmt.Errorf("pixels: %s of %dx%dx%d with rows every %d bytes has only %d", name, m.H, m.W, m.C, m.Stride,
			len(m.Pix))
	}
	return nil
}
