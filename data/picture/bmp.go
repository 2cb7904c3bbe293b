package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"

	"golang.org/x/image/bmp"
)

const bmpConvert = ", which is not supported; convert it to PNG or JPEG"

// inspectBMP reads the headers of a BMP. The decoder reads them in one form only: the pixels right behind the palette,
// colours in the usual places. Other files of the same content get headers of that form.
func inspectBMP(f *io.SectionReader) (*layout, error) {
	h, err := readBMPHeader(f)
	if err != nil {
		return nil, err
	}
	if h.width < 0 {
		return nil, damaged("damaged bmp: width %d", h.width)
	}
	l := &layout{width: int(h.width), height: max(int(h.height), -int(h.height))}
	l.need = area(l.width, l.height)
	if h.bits > 8 {
		l.need *= 4
	} else {
		l.mode |= Palette
	}
	if h.alpha {
		l.mode |= Alpha
	}
	l.decode = func() (image.Image, error) {
		pixels := io.NewSectionReader(f, int64(h.offset), f.Size())
		m, err := bmp.Decode(io.MultiReader(bytes.NewReader(h.usual()), pixels))
		if m, ok := m.(*image.NRGBA); ok {
			opaqueUnlessUsed(m)
		}
		return m, err
	}
	return l, nil
}

// bmpHeader is what the headers of a BMP say.
type bmpHeader struct {
	offset        uint32 // of the pixels
	width, height int32  // a negative height: the top row comes first
	bits          uint16 // a pixel
	alpha         bool
	palette       []byte // blue, green, red, 0 of every colour that the bits can name
}

func readBMPHeader(f *io.SectionReader) (*bmpHeader, error) {
	s := scan(whole(f))
	var b [14 + 124 + 16]byte // of the file, of the bitmap, masks
	copy(b[:], s.bytes(18))
	if s.err != nil {
		return nil, s.err
	}
	number := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	size := number(14)
	switch size {
	case 12, 16, 64:
		return nil, refuse("is a BMP of OS/2" + bmpConvert)
	case 40, 52, 56, 108, 124:
	default:
		return nil, damaged("damaged bmp: header of %d bytes, want 40, 52, 56, 108 or 124", size)
	}
	copy(b[18:], s.bytes(int(size)-4))
	h := &bmpHeader{offset: number(10), width: int32(number(18)), height: int32(number(22)),
		bits: binary.LittleEndian.Uint16(b[28:])}
	compression := number(30)
	if size == 40 && (compression == 3 || compression == 6) {
		copy(b[54:], s.bytes(int(4*min(compression, 4)))) // masks of red, green, blue and, with 6, alpha
	}
	if err := h.check(compression, [4]uint32{number(54), number(58), number(62), number(66)}); err != nil {
		return nil, err
	}
	h.alpha = number(66) == 0xff000000 // zeros where the headers end earlier
	if h.bits <= 8 {
		h.palette = make([]byte, 4<<h.bits)
		colours := uint32(len(h.palette) / 4)
		if used := number(46); used > 0 {
			colours = min(colours, used)
		}
		copy(h.palette, s.bytes(int(4*colours)))
	}
	return h, s.err
}

// check refuses what the decoder cannot read.
func (h *bmpHeader) check(compression uint32, masks [4]uint32) error {
	switch compression {
	case 0, 3, 6:
	case 1, 2:
		return refuse("is a BMP with run-length encoding" + bmpConvert)
	default:
		return refuse("is a BMP with compression %d"+bmpConvert, compression)
	}
	switch h.bits {
	case 1, 2, 4, 8, 24, 32:
	default:
		return refuse("is a BMP of %d bits a pixel"+bmpConvert, h.bits)
	}
	usual := [4]uint32{0xff0000, 0xff00, 0xff, masks[3]}
	if compression != 0 && (h.bits != 32 || masks != usual || masks[3] != 0 && masks[3] != 0xff000000) {
		return refuse("is a BMP with colours in unusual places (masks %#x)"+bmpConvert, masks)
	}
	return nil
}

// usual returns the headers in the form that the decoder reads. It takes alpha from what has a header of 108 bytes.
func (h *bmpHeader) usual() []byte {
	size := 40
	if h.alpha {
		size = 108
	}
	b := make([]byte, 14+size, 14+size+len(h.palette))
	copy(b, "BM")
	binary.LittleEndian.PutUint32(b[10:], uint32(cap(b)))
	binary.LittleEndian.PutUint32(b[14:], uint32(size))
	binary.LittleEndian.PutUint32(b[18:], uint32(h.width))
	binary.LittleEndian.PutUint32(b[22:], uint32(h.height))
	b[26] = 1 // planes
	binary.LittleEndian.PutUint16(b[28:], h.bits)
	return append(b, h.palette...)
}

// opaqueUnlessUsed makes a picture opaque whose alpha is 0 everywhere: its writer did not mean it.
func opaqueUnlessUsed(m *image.NRGBA) {
	for i := 3; i < len(m.Pix); i += 4 {
		if m.Pix[i] != 0 {
			return
		}
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
}
