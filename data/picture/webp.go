package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"slices"

	"golang.org/x/image/webp"
)

// inspectWebP reads the chunks of a WebP. Of an animation the first frame is shown at its place on the canvas.
func inspectWebP(f *io.SectionReader) (*layout, error) {
	var (
		l      layout
		canvas image.Rectangle
		frame  image.Point
		pic    webpPicture
	)
	pic.f = f
	err := chunks(f, 12, f.Size(), func(c chunk) (err error) {
		switch c.name {
		case "VP8X":
			b := c.data(f, 10) // flags, width-1, height-1
			canvas = image.Rect(0, 0, uint24(b[4:])+1, uint24(b[7:])+1)
			if b[0]&(1<<4) != 0 {
				l.mode |= Alpha
			}
			if b[0]&(1<<1) != 0 {
				l.mode |= Animated
			}
		case "ANMF":
			if pic.bits.name == "" {
				b := c.data(f, 16) // x/2, y/2, width-1, height-1, duration, flags
				frame = image.Pt(2*uint24(b), 2*uint24(b[3:]))
				err = chunks(f, c.at+16, c.end(), pic.take)
			}
		case "EXIF":
			l.orientation = orientationOf(c.data(f, int(min(c.size, 1<<16))))
		default:
			err = pic.take(c)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	size, need, err := pic.size()
	if err != nil {
		return nil, err
	}
	l.width, l.height, l.need = size.X, size.Y, need
	if pic.transparent() {
		l.mode |= Alpha
	}
	if !canvas.Empty() {
		l.canvas = canvas.Sub(frame)
	}
	l.decode = func() (image.Image, error) {
		m, err := webp.Decode(pic.still(size))
		switch m := m.(type) {
		case *image.YCbCr:
			fullRange(m)
		case *image.NYCbCrA:
			fullRange(&m.YCbCr)
		}
		return m, err
	}
	return &l, nil
}

// fullRange spreads the values of a lossy WebP, 16 to 235 for brightness and 16 to 240 for colour (RFC 6386, section
// 9.2, and BT.601), over the bytes: the decoder returns them as they are stored, and image.YCbCr means all of 0 to 255.
func fullRange(m *image.YCbCr) {
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = clamp(float64(i-16) * 255 / 219)
		chroma[i] = clamp(float64(i-128)*255/224 + 128)
	}
	for i, v := range m.Y {
		m.Y[i] = luma[v]
	}
	for i, v := range m.Cb {
		m.Cb[i] = chroma[v]
	}
	for i, v := range m.Cr {
		m.Cr[i] = chroma[v]
	}
}

func clamp(v float64) byte { return byte(min(max(v+0.5, 0), 255)) }

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// chunk is one of a RIFF file.
type chunk struct {
	name     string
	at, size int64 // of its data
}

func (c chunk) end() int64 { return c.at + c.size + c.size&1 }

// data returns the first n bytes of the chunk, zeros where it has fewer.
func (c chunk) data(f io.ReaderAt, n int) []byte {
	b := make([]byte, n)
	got, _ := io.NewSectionReader(f, c.at, c.size).ReadAt(b, 0)
	clear(b[got:])
	return b
}

// maxChunks bounds those that are looked at; beyond the first frame only EXIF data are of interest.
const maxChunks = 1 << 16

// chunks calls visit for each chunk from one place in the file to another. What is cut at the end and no part of a
// picture is left out, since it may be anything.
func chunks(f io.ReaderAt, from, to int64, visit func(chunk) error) error {
	for range maxChunks {
		if from+8 > to {
			return nil
		}
		var head [8]byte
		if _, err := f.ReadAt(head[:], from); err != nil {
			return err
		}
		c := chunk{string(head[:4]), from + 8, int64(binary.LittleEndian.Uint32(head[4:]))}
		switch needed := slices.Contains([]string{"ALPH", "VP8 ", "VP8L", "VP8X", "ANMF"}, c.name); {
		case c.at+c.size <= to:
		case !needed:
			return nil
		default:
			return truncated("truncated webp: chunk %q has %d of %d bytes", c.name, to-c.at, c.size)
		}
		if err := visit(c); err != nil {
			return err
		}
		from = c.end()
	}
	return nil
}

// webpPicture is one picture of a file.
type webpPicture struct {
	f           *io.SectionReader
	alpha, bits chunk // its chunks ALPH, and VP8 or VP8L
}

// take keeps the chunks of the first picture.
func (p *webpPicture) take(c chunk) error {
	switch {
	case p.bits.name != "":
	case c.name == "ALPH":
		p.alpha = c
	case c.name == "VP8 " || c.name == "VP8L":
		p.bits = c
	}
	return nil
}

// transparent tells what the picture itself says of transparent parts: a lossless one has a bit for that.
func (p *webpPicture) transparent() bool {
	return p.bits.name == "VP8L" && p.bits.data(p.f, 5)[4]&(1<<4) != 0 || p.bits.name == "VP8 " && p.alpha.name != ""
}

// webpTrees bounds the Huffman trees of a lossless picture: the decoder accepts 2600 groups, and a byte of the file
// describes at most as many bytes of them.
func webpTrees(size int64) int64 { return min(150e6, 256*size) }

// size returns the size of the picture and what it takes to decode.
func (p *webpPicture) size() (size image.Point, need int64, err error) {
	switch b := p.bits.data(p.f, 10); p.bits.name {
	case "VP8 ": // three bytes, a start code, width and height in 14 bits
		if b[0]&1 != 0 || string(b[3:6]) != "\x9d\x01\x2a" {
			return size, 0, fmt.Errorf("no key frame at the beginning")
		}
		number := func(b []byte) int { return int(binary.LittleEndian.Uint16(b) & (1<<14 - 1)) }
		size = image.Pt(number(b[6:]), number(b[8:]))
		need = area(size.X+15, size.Y+15) * 25 / 16 // whole blocks of 16 x 16: 1.5 bytes a pixel, and their filters
		if p.alpha.name != "" {
			need += 10*area(size.X, size.Y) + webpTrees(p.alpha.size)
		}
	case "VP8L": // a signature, width-1 and height-1 in 14 bits
		bits := binary.LittleEndian.Uint32(b[1:])
		size = image.Pt(int(bits&(1<<14-1))+1, int(bits>>14&(1<<14-1))+1)
		need = 8*area(size.X, size.Y) + webpTrees(p.bits.size)
	default:
		return size, 0, io.ErrUnexpectedEOF
	}
	return size, need, nil
}

// still returns a file with this picture alone, as large as the picture itself says: the decoder reads no animations.
func (p *webpPicture) still(size image.Point) io.Reader {
	var head []byte
	parts := []io.Reader{nil}
	add := func(c chunk) {
		parts = append(parts, bytes.NewReader(chunkHead(c.name, c.size)), io.NewSectionReader(p.f, c.at, c.size),
			bytes.NewReader(make([]byte, c.size&1)))
	}
	total := 12 + 8 + p.bits.size + p.bits.size&1
	if p.alpha.name != "" && p.bits.name == "VP8 " {
		w, h := size.X-1, size.Y-1
		head = append(chunkHead("VP8X", 10), 1<<4, 0, 0, 0, byte(w), byte(w>>8), 0, byte(h), byte(h>>8), 0)
		add(p.alpha)
		total += int64(len(head)) + 8 + p.alpha.size + p.alpha.size&1
	}
	add(p.bits)
	parts[0] = bytes.NewReader(append(append(chunkHead("RIFF", total-8), "WEBP"...), head...))
	return io.MultiReader(parts...)
}

func chunkHead(name string, size int64) []byte {
	return binary.LittleEndian.AppendUint32([]byte(name), uint32(size))
}
