package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"strings"
)

// maxScans bounds the scans of a progressive JPEG, of which encoders write about ten: each goes over the whole picture,
// so that thousands in a small file would take hours.
const maxScans = 100

// jpegRefusals names the kinds of JPEG that are not read, by their marker of a frame.
var jpegRefusals = map[byte]string{
	0xc3: "lossless coding", 0xc5: "hierarchical coding", 0xc6: "hierarchical coding", 0xc7: "lossless coding",
	0xc9: "arithmetic coding", 0xca: "arithmetic coding", 0xcb: "arithmetic coding", 0xcd: "arithmetic coding",
	0xce: "arithmetic coding", 0xcf: "arithmetic coding", 0xf7: "JPEG-LS coding",
}

// inspectJPEG reads the segments of a JPEG to its end.
func inspectJPEG(f *io.SectionReader) (*layout, error) {
	j := jpegFile{f: f, end: f.Size()}
	if err := j.walk(); err != nil {
		return nil, err
	}
	if j.components == nil {
		return nil, io.ErrUnexpectedEOF
	}
	if !j.ended {
		j.end = dataEnd(f)
	}
	l := &layout{width: j.width, height: j.height, orientation: j.orientation, need: j.need(),
		mode: j.mode()}
	l.decode = func() (image.Image, error) {
		if !j.ended && !j.finished() {
			return nil, truncated("truncated jpeg: its data end in or after scan %d, which leaves it unfinished",
				j.scans)
		}
		m, err := jpeg.Decode(j.reader(j.height))
		if isCut(err) || errors.As(err, new(jpeg.FormatError)) {
			return nil, j.cut(err)
		}
		return m, err
	}
	return l, nil
}

// dataEnd returns where the data end of a file without an end marker: before the zeros of a file that was allocated and
// not filled, and before one half of a marker.
func dataEnd(f *io.SectionReader) int64 {
	end := f.Size() - zerosAtEnd(f)
	var last [1]byte
	if _, err := f.ReadAt(last[:], end-1); err == nil && last[0] == 0xff {
		end--
	}
	return end
}

// minZeros is the shortest run of zeros that cannot be data of a picture.
const minZeros = 512

// zerosAtEnd returns the length of the run of zeros with which a file ends, or 0 if it is short.
func zerosAtEnd(f *io.SectionReader) int64 {
	b := make([]byte, 1<<16)
	zeros := int64(0)
	for zeros < f.Size() {
		part := b[:min(int64(len(b)), f.Size()-zeros)]
		if _, err := f.ReadAt(part, f.Size()-zeros-int64(len(part))); err != nil {
			break
		}
		rest := len(bytes.TrimRight(part, "\x00"))
		zeros += int64(len(part) - rest)
		if rest > 0 {
			break
		}
	}
	if zeros < minZeros {
		return 0
	}
	return zeros
}

// jpegFile is what the segments of a JPEG say.
type jpegFile struct {
	f             *io.SectionReader
	width, height int
	heightAt      int64 // where the height stands in the file
	end           int64 // of the data
	progressive   bool
	rgb           bool // says Adobe's marker
	components    []jpegComponent
	scans         int
	ended         bool // by a marker
	orientation   int
}

// jpegComponent is a colour plane. Of each of its 64 coefficients missing holds the bits that no scan has brought yet.
type jpegComponent struct {
	id, h, v byte
	missing  [64]byte
}

// walk reads segments up to the end marker, or to the end of the file.
func (j *jpegFile) walk() error {
	s := scan(whole(j.f))
	for s.err == nil {
		s.skipTo(0xff) // over the data of a scan, where 0 follows 0xff
		marker := s.byte()
		for marker == 0xff { // padding
			marker = s.byte()
		}
		switch {
		case s.err != nil, marker <= 1, marker >= 0xd0 && marker <= 0xd8: // no segment: data, restarts, the start
			continue
		case marker == 0xd9:
			j.ended = true
			return nil
		}
		n := int(binary.BigEndian.Uint16(s.bytes(2))) - 2
		if n < 0 {
			continue
		}
		if err := j.segment(s, marker, n); err != nil {
			return err
		}
	}
	if s.err != io.EOF && s.err != io.ErrUnexpectedEOF {
		return s.err
	}
	return nil
}

// segment reads the n bytes of a segment.
func (j *jpegFile) segment(s *scanner, marker byte, n int) error {
	if coding := jpegRefusals[marker]; coding != "" {
		return refuse("is a JPEG with %s, which is not supported; convert it to PNG or to a baseline JPEG", coding)
	}
	switch marker {
	case 0xc0, 0xc1, 0xc2:
		at := s.pos
		if b := s.bytes(n); s.err == nil && j.components == nil {
			j.progressive, j.heightAt = marker == 0xc2, at+1
			return j.frame(b)
		}
	case 0xda:
		j.scans++
		if j.scans > maxScans {
			return refuse("jpeg of more than %d scans, want at most that many", maxScans)
		}
		if b := s.bytes(n); s.err == nil {
			j.scan(b)
		}
	case 0xe1:
		if b := s.bytes(n); j.orientation == 0 && strings.HasPrefix(string(b), "Exif\x00\x00") {
			j.orientation = orientationOf(b)
		}
	case 0xee:
		if b := s.bytes(n); n >= 12 && strings.HasPrefix(string(b), "Adobe") {
			j.rgb = b[11] == 0
		}
	default:
		s.skip(int64(n))
	}
	return nil
}

// frame reads the header of the picture: bits, height, width, and of each component its number, h<<4 | v, a table.
func (j *jpegFile) frame(b []byte) error {
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return errors.New("header of the wrong length")
	}
	if b[0] != 8 {
		return refuse("is a JPEG of %d bits a sample, want 8; convert it to PNG", b[0])
	}
	j.height, j.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	j.components = make([]jpegComponent, b[5])
	for i := range j.components {
		c := jpegComponent{id: b[6+3*i], h: b[7+3*i] >> 4, v: b[7+3*i] & 15}
		for k := range c.missing {
			c.missing[k] = 0xff
		}
		j.components[i] = c
	}
	return nil
}

// scan reads the header of a scan: the components in it, first and last coefficient, and which bits it brings.
func (j *jpegFile) scan(b []byte) {
	if len(b) < 1 || len(b) != 4+2*int(b[0]) {
		return
	}
	tail := b[len(b)-3:]
	first, last, low := tail[0], min(tail[1], 63), tail[2]&15
	if !j.progressive {
		first, last, low = 0, 63, 0
	}
	for i := range int(b[0]) {
		for k := range j.components {
			if c := &j.components[k]; c.id == b[1+2*i] && first <= last {
				for n := first; n <= last; n++ {
					c.missing[n] = min(c.missing[n], low)
				}
			}
		}
	}
}

// mode tells by the number of colour planes how colours are stored; four are cyan, magenta, yellow and black.
func (j *jpegFile) mode() Mode {
	switch len(j.components) {
	case 1:
		return Grey
	case 4:
		return CMYK
	}
	return 0
}

// finished tells whether the scans bring every bit of the picture.
func (j *jpegFile) finished() bool {
	for _, c := range j.components {
		if c.missing != [64]byte{} {
			return false
		}
	}
	return true
}

// need bounds the memory of the decoder: whole blocks of every component, four times as much for the coefficients of a
// progressive picture, and RGBA for one that is not YCbCr.
func (j *jpegFile) need() int64 {
	var h, v, samples int64 = 1, 1, 0
	for _, c := range j.components {
		h, v = max(h, int64(c.h)), max(v, int64(c.v))
		samples += int64(c.h) * int64(c.v)
	}
	if len(j.components) == 1 {
		h, v, samples = 1, 1, 1
	}
	units := ((int64(j.width) + 8*h - 1) / (8 * h)) * ((int64(j.height) + 8*v - 1) / (8 * v))
	need := units * samples * 64
	if j.progressive {
		need *= 5
	}
	if len(j.components) == 4 || len(j.components) == 3 && (j.rgb || j.components[0].id == 'R') {
		need += 4 * int64(j.width) * int64(j.height)
	}
	return need
}

// reader returns the file for the decoder, with an end marker if it has none: cameras and transfers lose it, and
// viewers do not mind. The picture is given another height.
func (j *jpegFile) reader(height int) io.Reader {
	from := j.heightAt + 2
	return io.MultiReader(
		io.NewSectionReader(j.f, 0, j.heightAt),
		strings.NewReader(string(binary.BigEndian.AppendUint16(nil, uint16(height)))),
		io.NewSectionReader(j.f, from, max(j.end-from, 0)),
		strings.NewReader("\xff\xd9"))
}

// maxProbe bounds the pixels of a cut picture in which the last good row is looked for.
const maxProbe = 20e6

// cut says how much of a picture is good whose data the decoder refuses. The decoder does not tell, but a picture of
// fewer rows, which it reads from the same data, is whole.
func (j *jpegFile) cut(err error) error {
	what, fault := "damaged jpeg", damaged
	if !j.ended {
		what, fault = "truncated jpeg", truncated
	}
	switch {
	case j.progressive || j.scans != 1:
		return fault("%s: bad data among its %d scans: %w", what, j.scans, err)
	case area(j.width, j.height) > maxProbe:
		return fault("%s: %w", what, err)
	}
	good, bad := 0, j.height // rows
	for bad-good > 1 {
		rows := (good + bad) / 2
		if _, err := jpeg.Decode(j.reader(rows)); err == nil {
			good = rows
		} else {
			bad = rows
		}
	}
	return fault("%s: its data are good up to row %d of %d", what, good, j.height)
}
