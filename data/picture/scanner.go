package picture

import (
	"bufio"
	"io"
)

// scanner reads a file from front to back. After the first error, which it keeps, it returns zeros.
type scanner struct {
	r   *bufio.Reader
	pos int64
	err error
	buf [1 << 16]byte
}

// whole returns a reader of the whole file, wherever others are in it.
func whole(f *io.SectionReader) *io.SectionReader { return io.NewSectionReader(f, 0, f.Size()) }

func scan(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, 1<<16)} }

// bytes returns the next n bytes, at most 65536. They are valid until the next call.
func (s *scanner) bytes(n int) []byte {
	b := s.buf[:n]
	if s.err == nil {
		var got int
		got, s.err = io.ReadFull(s.r, b)
		s.pos += int64(got)
	}
	if s.err != nil {
		clear(b)
	}
	return b
}

func (s *scanner) byte() byte { return s.bytes(1)[0] }

func (s *scanner) skip(n int64) {
	for n > 0 && s.err == nil {
		var got int
		got, s.err = s.r.Discard(int(min(n, 1<<30)))
		s.pos += int64(got)
		n -= int64(got)
	}
}

// skipTo skips up to the byte c and over it.
func (s *scanner) skipTo(c byte) {
	for s.err == nil {
		b, err := s.r.ReadSlice(c)
		s.pos += int64(len(b))
		if err != bufio.ErrBufferFull {
			s.err = err
			return
		}
	}
}
