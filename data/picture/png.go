package picture

import (
	"encoding/binary"
	"image"
	"image/png"
	"io"
)

// inspectPNG reads the chunks of a PNG: a header, and EXIF data where there are some, before or after the pixels. Of an
// animation the still picture counts, as viewers that know no animations show it.
func inspectPNG(f *io.SectionReader) (*layout, error) {
	l := &layout{decode: func() (image.Image, error) { return png.Decode(io.NewSectionReader(f, 0, f.Size())) }}
	var header []byte // width, height, bit depth, colour type, compression, filter, interlacing
	transparent := false
	s := scan(io.NewSectionReader(f, 0, f.Size()))
	s.skip(8)
	for s.err == nil {
		n := int64(binary.BigEndian.Uint32(s.bytes(4)))
		switch name := string(s.bytes(4)); {
		case name == "CgBI":
			return nil, refuse("is a PNG that Xcode has optimised for the iPhone, which is not supported; " +
				"convert it back with pngcrush -revert-iphone-optimizations")
		case name == "IHDR" && header == nil && n == 13:
			header = append(header, s.bytes(13)...)
			n = 0
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
	l.need = area(l.width, l.height) * pngBytes(header[8], header[9], transparent)
	if header[12] != 0 {
		l.need *= 2 // the passes of interlacing are pictures of their own
	}
	return l, nil
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
