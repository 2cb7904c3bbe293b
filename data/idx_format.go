package data

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"

	"resnet/data/memory"
)

// maxInflate bounds how far deflate can shrink anything (RFC 1951: 258 bytes from two bits, so 1032 to 1).
const maxInflate = 1032

// idx is a whole IDX file, uncompressed.
type idx struct {
	raw    []byte // the header, then the content
	dims   []int
	labels []int32 // one for each image; nil where the content is pixels

	reserved int64 // of the room
}

// content is what follows the header.
func (x *idx) content() []byte { return x.raw[4+4*len(x.dims):] }

// limits bound what readIDX takes.
type limits struct {
	room *room
	want *content // what the file must be; nil if nothing is known of it
}

// content is what is published of a file's content.
type content struct {
	size int64  // bytes, uncompressed
	sum  string // SHA-256 in hex; "" where only the size is published
	// asIs means that size and sum are those of a file as it lies, compressed or not.
	asIs bool
	// zipped is the compressed file, where the web publishes that alone; else nil.
	zipped *content
}

// room is the memory that is left for files that are read at the same time.
type room struct {
	mu   sync.Mutex
	left int64
}

func newRoom() *room {
	left, ok := memory.Available()
	if !ok {
		left = math.MaxInt64
	}
	return &room{left: left}
}

// take reserves n bytes. The error is a *memory.TooLarge.
func (r *room) take(n int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > r.left {
		return &memory.TooLarge{Need: n, Have: r.left, Of: "this machine"}
	}
	r.left -= n
	return nil
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left += n
}

// readIDX reads an IDX file of unsigned bytes, plain or gzip (told apart by content, not by name). The format is
// big-endian; the last byte of the magic is the number of dimensions:
//
//	magic, dimensions (4 bytes each), then their product of unsigned bytes
//
// Anything but exactly that is an error: another magic, a dimension of zero, fewer bytes than the header announces, or
// more. Labels may also be QMNIST's, see magicQMNIST. The header is checked against the bytes present, against what is
// published and against the memory there is before memory is taken for the content, and no more is inflated than the
// header announces, so a small hostile file cannot claim much memory.
func readIDX(r io.Reader, magic uint32, l limits) (x *idx, err error) {
	size := bytesLeft(r)
	src, zipped, err := inflated(r, size)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(src, magic)
	if err != nil {
		return nil, err
	}
	if err := h.compare(size, zipped, l.want); err != nil {
		return nil, err
	}
	first := h.size
	if zipped || size < 0 {
		first = h.buffer(max(1<<16, size))
	}
	need := h.size
	if first < need {
		need += need / growth // while the last two buffers are both there
	}
	if magic == magicLabels {
		need += 4 * int64(h.dims[0]) // as they are in a Set
	}
	if err := l.room.take(need); err != nil {
		return nil, fmt.Errorf("%s: %w: room for %s", h.count(h.dims[0]), err, h.fitting(err))
	}
	defer func() {
		if err != nil {
			l.room.give(need)
		}
	}()
	x = &idx{dims: h.dims, reserved: need}
	if x.raw, err = readContent(src, h, first); err != nil {
		return nil, err
	}
	switch binary.BigEndian.Uint32(h.raw) {
	case magicLabels:
		x.labels = widened(x.content())
	case magicQMNIST:
		x.labels, err = firstColumn(x.content())
	}
	return x, err
}

// inflated returns the uncompressed content of r, which has so many bytes or, if size is negative, an unknown number.
func inflated(r io.Reader, size int64) (src io.Reader, zipped bool, err error) {
	buffer := 1 << 16
	if size >= 0 {
		buffer = int(min(size, 1<<16))
	}
	br := bufio.NewReaderSize(r, buffer)
	lead, err := br.Peek(2)
	if err != nil {
		return nil, false, readError(err, len(lead), 4)
	}
	if lead[0] != 0x1f || lead[1] != 0x8b {
		return br, false, nil
	}
	zr, err := gzip.NewReader(br)
	if err != nil {
		return nil, true, fmt.Errorf("damaged gzip data: %w", err)
	}
	return zr, true, nil
}

// compare checks the size that a header announces against that of the file on disk, negative if unknown, and against
// what is published.
func (h *idxHeader) compare(size int64, zipped bool, want *content) error {
	switch {
	case size >= 0 && !zipped && size < h.size:
		return fmt.Errorf("truncated: %d bytes, want %d for dimensions %v", size, h.size, h.dims)
	case size >= 0 && !zipped && size > h.size:
		return fmt.Errorf("%d bytes, want %d for dimensions %v (garbage at the end?)", size, h.size, h.dims)
	case size >= 0 && zipped && h.size/maxInflate > size:
		return fmt.Errorf("header announces %d bytes, more than %d compressed bytes can hold", h.size, size)
	case want != nil && h.size != want.size:
		with := ""
		if want.sum != "" {
			with = fmt.Sprintf(" with sha256 %.12s...", want.sum)
		}
		return fmt.Errorf("header announces %d bytes, want the %d%s that are published", h.size, want.size, with)
	}
	return nil
}

// count names so many of what the file holds.
func (h *idxHeader) count(n int) string {
	if len(h.dims) < 3 {
		return fmt.Sprintf("%d labels", n)
	}
	return fmt.Sprintf("%d images of %dx%d", n, h.dims[1], h.dims[2])
}

// fitting names how many would have fitted where memory was too small.
func (h *idxHeader) fitting(err error) string {
	var e *memory.TooLarge
	if !errors.As(err, &e) {
		return "none"
	}
	each := e.Need/int64(h.dims[0]) + 1
	return h.count(int(e.Have / each))
}

// growth is by how much a buffer grows where it is not known how much will come. A header that lies costs at most its
// square times what came.
const growth = 4

// buffer is the size of the next buffer after so many bytes came. The last but one is at most a quarter of the last.
func (h *idxHeader) buffer(came int64) int64 {
	if came >= h.size/(growth*growth) {
		return h.size
	}
	return growth * came
}

// readContent reads what follows a header, into a buffer that is first bytes long and grows with what arrives. The
// result has the header, too.
func readContent(src io.Reader, h idxHeader, first int64) ([]byte, error) {
	raw := make([]byte, first)
	n := copy(raw, h.raw)
	for {
		m, err := io.ReadFull(src, raw[n:])
		n += m
		if err != nil {
			return nil, readError(err, n, int(h.size))
		}
		if int64(n) == h.size {
			break
		}
		grown := make([]byte, h.buffer(int64(n)))
		copy(grown, raw)
		raw = grown
	}
	// Reading on must find the end; gzip compares its checksum there.
	switch _, err := io.ReadFull(src, make([]byte, 1)); {
	case err == nil:
		return nil, fmt.Errorf("more than the %d bytes for dimensions %v (garbage at the end?)", h.size, h.dims)
	case errors.Is(err, io.EOF):
		return raw, nil
	default:
		return nil, fmt.Errorf("bad end of the gzip data: %w (cut short, or something after it?)", err)
	}
}

// widened returns labels that a file holds as bytes.
func widened(bytes []byte) []int32 {
	labels := make([]int32, len(bytes))
	for i, b := range bytes {
		labels[i] = int32(b)
	}
	return labels
}

// firstColumn returns the classes among QMNIST's labels.
func firstColumn(rows []byte) ([]int32, error) {
	const stride = 4 * columnsQMNIST
	labels := make([]int32, len(rows)/stride)
	for i := range labels {
		v := int32(binary.BigEndian.Uint32(rows[i*stride:]))
		if v < 0 || v >= MaxClasses {
			return nil, fmt.Errorf("label %d of image %d, want 0 to %d", v, i, MaxClasses-1)
		}
		labels[i] = v
	}
	return labels, nil
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
