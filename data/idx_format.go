package data

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	magicImages = 0x00000803 // unsigned bytes, 3 dimensions: image, row, column
	magicLabels = 0x00000801 // unsigned bytes, 1 dimension

	// maxContent bounds what an IDX file may claim to hold: 16 GiB, 280 times Fashion-MNIST.
	maxContent = 1 << 34

	// maxInflate bounds how far deflate can shrink anything (RFC 1951: 258 bytes from two bits, so 1032 to 1).
	maxInflate = 1032
)

// idx is a whole IDX file, uncompressed: the header, then the content.
type idx struct {
	raw  []byte
	dims []int
}

func (x *idx) content() []byte { return x.raw[4+4*len(x.dims):] }

// readIDX reads an IDX file of unsigned bytes, plain or gzip (told apart by content, not by name). The format is
// big-endian; the last byte of the magic is the number of dimensions:
//
//	magic, dimensions (4 bytes each), then their product of unsigned bytes
//
// Anything but exactly that is an error: another magic, a dimension of zero, fewer bytes than the header announces, or
// more. The header is checked against the bytes present before memory is taken for the content, and no more is inflated
// than the header announces, so a small hostile file cannot claim much memory.
func readIDX(r io.Reader, magic uint32) (*idx, error) {
	size := bytesLeft(r)
	br := bufio.NewReaderSize(r, 1<<16)
	src := io.Reader(br)
	lead, err := br.Peek(2)
	if err != nil {
		return nil, readError(err, len(lead), 4)
	}
	zipped := lead[0] == 0x1f && lead[1] == 0x8b
	if zipped {
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("damaged gzip data: %w", err)
		}
		defer zr.Close()
		src = zr
	}

	// The magic is checked before the rest of the header is read: a short file of another kind is not "truncated".
	head := make([]byte, 4+4*(magic&0xff))
	if n, err := io.ReadFull(src, head[:4]); err != nil {
		return nil, readError(err, n, 4)
	}
	if got := binary.BigEndian.Uint32(head); got != magic {
		return nil, fmt.Errorf("magic 0x%08x, want 0x%08x (%s)", got, magic, magicHint(got))
	}
	if n, err := io.ReadFull(src, head[4:]); err != nil {
		return nil, readError(err, 4+n, len(head))
	}

	x := &idx{}
	want := int64(1)
	for i := 4; i < len(head); i += 4 {
		d := int64(binary.BigEndian.Uint32(head[i:]))
		if d == 0 {
			return nil, fmt.Errorf("dimension %d of %d is 0 (an empty set?)", i/4, len(head)/4-1)
		}
		if want > maxContent/d {
			return nil, fmt.Errorf("header % x announces more than %d bytes (damaged header?)", head, int64(maxContent))
		}
		want *= d
		x.dims = append(x.dims, int(d))
	}
	want += int64(len(head))
	if int64(int(want)) != want {
		return nil, fmt.Errorf("header announces %d bytes, more than this machine can address", want)
	}

	first := min(want, 1<<16) // where the size is unknown, the buffer grows with what arrives
	switch {
	case size < 0:
	case !zipped && size < want:
		return nil, fmt.Errorf("truncated: %d bytes, want %d for dimensions %v", size, want, x.dims)
	case !zipped && size > want:
		return nil, fmt.Errorf("%d bytes, want %d for dimensions %v (garbage at the end?)", size, want, x.dims)
	case !zipped:
		first = want
	case want/maxInflate > size:
		return nil, fmt.Errorf("header announces %d bytes, more than %d compressed bytes can hold", want, size)
	default:
		first = min(want, max(first, 4*size))
	}
	x.raw = make([]byte, first)
	n := copy(x.raw, head)
	for {
		m, err := io.ReadFull(src, x.raw[n:])
		n += m
		if err != nil {
			return nil, readError(err, n, int(want))
		}
		if n == int(want) {
			break
		}
		grown := make([]byte, min(want, 2*int64(n)))
		copy(grown, x.raw)
		x.raw = grown
	}

	// Reading on must find the end; gzip compares its checksum there.
	switch _, err := io.ReadFull(src, make([]byte, 1)); {
	case err == nil:
		return nil, fmt.Errorf("more than the %d bytes for dimensions %v (garbage at the end?)", want, x.dims)
	case errors.Is(err, io.EOF):
		return x, nil
	default:
		return nil, fmt.Errorf("bad end of the gzip data: %w (cut short, or something after it?)", err)
	}
}

// bytesLeft returns how many bytes are left to read from r, -1 if that is unknown.
func bytesLeft(r io.Reader) int64 {
	switch r := r.(type) {
	case interface{ Len() int }:
		return int64(r.Len())
	case *os.File:
		info, err := r.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return -1
		}
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return -1
		}
		return info.Size() - at
	}
	return -1
}

// readError words an error after got of want bytes: an early end is "truncated".
func readError(err error, got, want int) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("truncated: %d bytes, want %d", got, want)
	}
	return fmt.Errorf("after %d of %d bytes: %w", got, want, err)
}

// magicHint guesses what a file with a wrong magic is.
func magicHint(got uint32) string {
	switch {
	case got == magicLabels:
		return "labels file in place of images?"
	case got == magicImages:
		return "images file in place of labels?"
	case got>>24 == '<':
		return "a web page saved in place of the file?"
	case got>>16 == 'P'<<8|'K':
		return "a zip archive; unpack it first"
	case got>>16 == 0:
		return "IDX, but not unsigned bytes of this many dimensions"
	}
	return "not an IDX file"
}
