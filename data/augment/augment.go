// Package augment varies pictures of bytes as torchvision's functional transforms vary those of Pillow, byte for byte
// for the same parameters; what Pillow calls an operation stands in the comments. Drawing the parameters is left to the
// caller. Pictures are grey or red, green and blue; others are a mistake of the programmer, on which functions panic.
//
// Operations work in place where Pillow's result of a pixel depends on that pixel and the picture's statistics alone.
// None allocates.
package augment

import (
	"fmt"

	"resnet/data/pixels"
)

// each calls f with every row, after it has checked that the picture is grey or in colour.
func each(m *pixels.Image, f func(row []byte)) {
	if m.C != 1 && m.C != 3 {
		panic(fmt.Sprintf("augment: picture of %d channels, want 1 or 3", m.C))
	}
	for y := range m.H {
		f(m.Row(y))
	}
}

// same panics unless dst can hold what becomes of src.
func same(dst, src *pixels.Image) {
	if dst.C != src.C || dst.W != src.W || dst.H != src.H {
		panic(fmt.Sprintf("augment: %dx%dx%d to %dx%dx%d, want the same size", src.H, src.W, src.C, dst.H, dst.W,
			dst.C))
	}
}

// HFlip mirrors the picture, left to right (Image.transpose(FLIP_LEFT_RIGHT)).
func HFlip(m *pixels.Image) {
	each(m, func(row []byte) {
		for i, j := 0, len(row)-m.C; i < j; i, j = i+m.C, j-m.C {
			for k := range m.C {
				row[i+k], row[j+k] = row[j+k], row[i+k]
			}
		}
	})
}

// VFlip mirrors the picture, top to bottom (Image.transpose(FLIP_TOP_BOTTOM)).
func VFlip(m *pixels.Image) {
	for y := range m.H / 2 {
		top, bottom := m.Row(y), m.Row(m.H-1-y)
		for i := range top {
			top[i], bottom[i] = bottom[i], top[i]
		}
	}
}

// Erase fills a rectangle, as far as it lies within the picture (RandomErasing with a constant value).
func Erase(m *pixels.Image, x, y, w, h int, fill [3]byte) {
	for i := max(y, 0); i < min(y+h, m.H); i++ {
		row := m.Row(i)
		for j := max(x, 0); j < min(x+w, m.W); j++ {
			copy(row[j*m.C:(j+1)*m.C], fill[:])
		}
	}
}
