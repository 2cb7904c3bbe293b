package picture

import (
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/png"
	"io"
)

// inspectPNG reads the chunks of a PNG: a header, and EXIF data where there are some, before or after the pixels. Of an
// animation the still picture counts, as viewers that know no animations show it.
func inspectPNG(f *io.SectionReader) (*layout, error) {
	l := &layout{}
	var header []byte // width, height, bit depth, colour type, compression, filter, interlacing
	transparent := false
	s := scan(whole(f))
	s.skip(8)
	for s.err == nil {
		n := int64(binary.BigEndian.Uint32(s.bytes(4)))
		switch name := string(s.bytes(4)); {
		case name == "CgBI":
			return nil, refuse("is a PNG that Xcode has optimised for the iPhone, which is not supported; " +
				"convert it back with pngcrush -revert-iphone-optimizations")
		case name == "IHDR" && header == nil && n == 13:
			if b := s.bytes(13); s.err == nil {
				header = append(header, b...)
			}
			n = 0
		case name == "acTL":
			l.mode |= Animated
		case name == "tRNS":
			transparent = true
		case name == "eXIf" && l.orientation == 0 && n <= 1<<16:
			l.orientation = orientationOf(s.bytes(int(n)))
			n = 0
		case name == "IEND":
			s.err = io.EOF
		}
		s.skip(n + 4) // with the CRC
	}
	if header == nil {
		return nil, io.ErrUnexpectedEOF
	}
	l.width = int(binary.BigEndian.Uint32(header))
	l.height = int(binary.BigEndian.Uint32(header[4:]))
	l.mode |= pngMode(header[8], header[9], transparent)
	l.need = area(l.width, l.height) * pngBytes(header[8], header[9], transparent)
	if header[12] != 0 {
		l.need *= 2 // the passes of interlacing are pictures of their own
	}
	l.decode = func() (image.Image, error) {
		m, err := png.Decode(whole(f))
		if isCut(err) && header[12] == 0 {
			rows := pngPixels(f) / pngRow(l.width, header[8], header[9])
			return nil, truncated("truncated png: its data are good up to row %d of %d", min(rows, int64(l.height)),
				l.height)
		}
		return m, err
	}
	return l, nil
}

// pngRow is the length of a row in a file, with the byte that names its filter.
func pngRow(width int, depth, colour byte) int64 {
	samples := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
	return 1 + (int64(width)*samples*int64(depth)+7)/8
}

// pngPixels counts the bytes to which the pixels of a file inflate.
func pngPixels(f *io.SectionReader) int64 {
	s := scan(whole(f))
	s.skip(8)
	z, err := zlib.NewReader(&pngData{s: s})
	if err != nil {
		return 0
	}
	n, _ := io.Copy(io.Discard, z)
	return n
}

// pngData reads the chunks of pixels one after another.
type pngData struct {
	s    *scanner
	left int64 // bytes of the chunk
}

func (d *pngData) Read(p []byte) (int, error) {
	for d.left == 0 && d.s.err == nil {
		n := int64(binary.BigEndian.Uint32(d.s.bytes(4)))
		if string(d.s.bytes(4)) == "IDAT" && n > 0 {
			d.left = n
		} else {
			d.s.skip(n + 4) // with the CRC
		}
	}
	if d.s.err != nil {
		return 0, d.s.err
	}
	n, err := d.s.r.Read(p[:min(int64(len(p)), d.left)])
	d.left -= int64(n)
	if d.left == 0 {
		d.s.skip(4)
	}
	return n, err
}

// pngMode tells the mode by bits a sample and colour type: 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and
// alpha. Transparent is a picture with a chunk that makes one colour, or colours of the palette, so.
func pngMode(depth, colour byte, transparent bool) (m Mode) {
	switch colour {
	case 0, 4:
		m |= Grey
	case 3:
		m |= Palette
	}
	if transparent || colour&4 != 0 {
		m |= Alpha
	}
	if depth == 16 {
		m |= Deep
	}
	return m
}

// pngBytes is what a pixel takes once it is decoded.
func pngBytes(depth, colour byte, transparent bool) int64 {
	n := int64(4)
	switch {
	case colour == 3 || colour == 0 && !transparent:
		n = 1
	}
	if depth == 16 {
		n *= 2
	}
	return n
}

// area is the number of pixels, or a number beyond any budget.
func area(width, height int) int64 {
	if width > maxSide || height > maxSide {
		return maxSide * maxSide
	}
	return int64(width) * int64(height)
}
