package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"io"
)

// inspectGIF reads a GIF up to its first frame, which is shown at its place on the canvas. A frame larger than the
// canvas makes the canvas larger, as browsers have it.
func inspectGIF(f *io.SectionReader) (*layout, error) {
	s := scan(whole(f))
	screen := [13]byte(s.bytes(13)) // version, width, height, flags, background, aspect
	if screen[10]&0x80 != 0 {
		s.skip(colours(screen[10]))
	}
	mode := Palette
	for s.err == nil {
		switch kind := s.byte(); kind {
		case '!': // extension: its kind, and blocks
			if s.byte() == 0xf9 && s.byte() == 4 && s.bytes(4)[0]&1 != 0 { // graphic control: has a transparent colour
				mode |= Alpha
			}
			s.skipBlocks()
		case ',':
			frame := [9]byte(s.bytes(9)) // left, top, width, height, flags
			if s.err != nil {
				return nil, s.err
			}
			if secondFrame(s, frame[8]) {
				mode |= Animated
			}
			l := gifLayout(f, screen, frame)
			l.mode = mode
			return l, nil
		case ';':
			return nil, damaged("gif without a picture")
		default:
			if s.err == nil {
				return nil, damaged("damaged gif: block of kind %#02x, want a picture, an extension or the end", kind)
			}
		}
	}
	return nil, s.err
}

// skipBlocks skips blocks, each behind its length, up to an empty one and over it.
func (s *scanner) skipBlocks() {
	for n := s.byte(); n != 0; n = s.byte() {
		s.skip(int64(n))
	}
}

// secondFrame tells whether another frame follows the one whose header with these flags was read.
func secondFrame(s *scanner, flags byte) bool {
	if flags&0x80 != 0 {
		s.skip(colours(flags))
	}
	s.skip(1) // bits of a code
	s.skipBlocks()
	kind := s.byte()
	for ; kind == '!'; kind = s.byte() {
		s.skip(1)
		s.skipBlocks()
	}
	return kind == ','
}

// colours is the size of a colour table in bytes.
func colours(flags byte) int64 { return 3 << (1 + flags&7) }

func gifLayout(f *io.SectionReader, screen [13]byte, frame [9]byte) *layout {
	number := func(b []byte) int { return int(binary.LittleEndian.Uint16(b)) }
	left, top, width, height := number(frame[0:]), number(frame[2:]), number(frame[4:]), number(frame[6:])
	right, bottom := max(number(screen[6:]), left+width), max(number(screen[8:]), top+height)
	// The decoder refuses a frame that ends beyond the canvas, so that it is told the larger one. The few that end
	// beyond what a GIF can say are not enlarged.
	binary.LittleEndian.PutUint16(screen[6:], uint16(min(right, 0xffff)))
	binary.LittleEndian.PutUint16(screen[8:], uint16(min(bottom, 0xffff)))
	l := &layout{width: width, height: height, canvas: image.Rect(0, 0, right, bottom)}
	l.need = area(width, height)
	if frame[8]&0x40 != 0 {
		l.need *= 2 // interlaced: sorted from one picture into another
	}
	l.decode = func() (image.Image, error) { return gif.Decode(patched(f, screen[:])) }
	return l
}

// patched reads a file whose first bytes are replaced.
func patched(f *io.SectionReader, head []byte) io.Reader {
	n := int64(len(head))
	return io.MultiReader(bytes.NewReader(head), io.NewSectionReader(f, n, f.Size()-n))
}
