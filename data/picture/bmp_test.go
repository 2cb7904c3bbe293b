package picture

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"strings"
	"testing"
)

// bmpFile describes a BMP to write.
type bmpFile struct {
	header      int // bytes
	bits        int
	compression int
	colours     int // in the palette; 0: all
	topDown     bool
	gap         int // bytes between palette and pixels
	masks       [4]uint32
	alpha       byte // of 32 bits
}

// encode writes m, whose colours are those of the palette for up to 8 bits.
func (f bmpFile) encode(m *image.RGBA, palette color.Palette) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	le := binary.LittleEndian
	b := make([]byte, 14+f.header)
	copy(b, "BM")
	le.PutUint32(b[14:], uint32(f.header))
	le.PutUint32(b[18:], uint32(w))
	le.PutUint32(b[22:], uint32(h))
	if f.topDown {
		le.PutUint32(b[22:], uint32(-h))
	}
	b[26], b[28], b[30], b[46] = 1, byte(f.bits), byte(f.compression), byte(f.colours)
	if f.compression == 3 && f.header == 40 {
		b = append(b, make([]byte, 12)...)
	}
	for i := 0; i < 4 && len(b) >= 58+4*i; i++ {
		le.PutUint32(b[54+4*i:], f.masks[i])
	}
	if f.bits <= 8 {
		for i := range cmp.Or(f.colours, 1<<f.bits) {
			r, g, bl, _ := palette[min(i, len(palette)-1)].RGBA()
			b = append(b, byte(bl>>8), byte(g>>8), byte(r>>8), 0)
		}
	}
	b = append(b, make([]byte, f.gap)...)
	le.PutUint32(b[10:], uint32(len(b)))
	for i := range h {
		y := h - 1 - i
		if f.topDown {
			y = i
		}
		b = append(b, f.row(m, y, palette)...)
	}
	return b
}

func (f bmpFile) row(m *image.RGBA, y int, palette color.Palette) []byte {
	w := m.Rect.Dx()
	row := make([]byte, (w*f.bits+31)/32*4)
	for x := range w {
		c := m.RGBAAt(x, y)
		switch {
		case f.bits == 24:
			copy(row[3*x:], []byte{c.B, c.G, c.R})
		case f.bits == 32:
			copy(row[4*x:], []byte{c.B, c.G, c.R, f.alpha})
		case f.bits <= 8:
			bit := x * f.bits
			row[bit/8] |= byte(palette.Index(c)) << (8 - f.bits - bit%8)
		}
	}
	return row
}

func TestBMP(t *testing.T) {
	colours := picture()
	greys := whiteBlack()
	palette := color.Palette{color.Black, color.White}
	usual := [4]uint32{0xff0000, 0xff00, 0xff, 0}
	withAlpha := [4]uint32{0xff0000, 0xff00, 0xff, 0xff000000}
	for _, c := range []struct {
		name string
		file bmpFile
		want *image.RGBA
	}{
		{"1 bit", bmpFile{header: 40, bits: 1}, greys},
		{"1 bit, one colour in the palette", bmpFile{header: 40, bits: 1, colours: 1}, image.NewRGBA(greys.Rect)},
		{"4 bits, top down", bmpFile{header: 40, bits: 4, topDown: true}, greys},
		{"8 bits, two colours", bmpFile{header: 40, bits: 8, colours: 2}, greys},
		{"8 bits, a gap", bmpFile{header: 124, bits: 8, colours: 2, gap: 6}, greys},
		{"24 bits", bmpFile{header: 40, bits: 24}, colours},
		{"24 bits, top down, a gap", bmpFile{header: 108, bits: 24, topDown: true, gap: 9}, colours},
		{"32 bits, the fourth unused", bmpFile{header: 40, bits: 32}, colours},
		{"32 bits, masks", bmpFile{header: 40, bits: 32, compression: 3, masks: usual}, colours},
		{"32 bits, masks without alpha", bmpFile{header: 124, bits: 32, compression: 3, masks: usual}, colours},
		{"32 bits, alpha", bmpFile{header: 108, bits: 32, compression: 3, masks: withAlpha, alpha: 255}, colours},
		{"32 bits, alpha 0 everywhere", bmpFile{header: 108, bits: 32, compression: 3, masks: withAlpha}, colours},
	} {
		p, err := readBytes(c.file.encode(c.want, palette), testHeight, testWidth, 3, false)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !bytes.Equal(p.Pixels, rgb(c.want)) {
			t.Errorf("%s: other pixels", c.name)
		}
	}
}

func TestBMPRefused(t *testing.T) {
	odd := [4]uint32{0xff, 0xff00, 0xff0000, 0}
	os2 := bmpFile{header: 40, bits: 24}.encode(picture(), nil)
	os2[14] = 12
	narrow := bmpFile{header: 40, bits: 24}.encode(picture(), nil)
	binary.LittleEndian.PutUint32(narrow[18:], 1<<31)
	black := color.Palette{color.Black}
	for want, file := range map[string][]byte{
		"with run-length encoding":   bmpFile{header: 40, bits: 8, compression: 1}.encode(picture(), black),
		"of 16 bits a pixel":         bmpFile{header: 40, bits: 16}.encode(picture(), nil),
		"colours in unusual places":  bmpFile{header: 108, bits: 32, compression: 3, masks: odd}.encode(picture(), nil),
		"with compression 5":         bmpFile{header: 40, bits: 24, compression: 5}.encode(picture(), nil),
		"is a BMP of OS/2":           os2,
		"damaged bmp: width -214748": narrow,
		"truncated bmp":              bmpFile{header: 40, bits: 24}.encode(picture(), nil)[:999],
	} {
		if _, err := readBytes(file, 8, 8, 1, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
