package data

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"resnet/data/memory"
)

const (
	magicImages = 0x00000803 // unsigned bytes, 3 dimensions: image, row, column
	magicLabels = 0x00000801 // unsigned bytes, 1 dimension

	// magicQMNIST is that of QMNIST's labels: 32-bit integers, 2 dimensions. Each image has a row of 8 numbers, of
	// which the first is the class.
	magicQMNIST   = 0x00000c02
	columnsQMNIST = 8
)

// elements are the types of an IDX file's numbers, by the third byte of the magic.
var elements = map[byte]string{
	0x08: "unsigned bytes", 0x09: "signed bytes", 0x0b: "16-bit integers", 0x0c: "32-bit integers",
	0x0d: "32-bit floats", 0x0e: "64-bit floats",
}

// idxHeader is what an IDX file says of itself.
type idxHeader struct {
	raw  []byte
	dims []int
	size int64 // bytes of the whole file, uncompressed
}

// readHeader reads the header of an IDX file of images or of labels, which magic tells, and checks that the size that
// it announces can be.
func readHeader(r io.Reader, magic uint32) (h idxHeader, err error) {
	// The magic is checked before the rest of the header is read: a short file of another kind is not "truncated".
	raw := make([]byte, 4, 16)
	if n, err := io.ReadFull(r, raw); err != nil {
		return h, readError(err, n, 4)
	}
	got := binary.BigEndian.Uint32(raw)
	raw = raw[:4+4*dimensions(got)]
	n, err := io.ReadFull(r, raw[4:])
	h.raw = raw
	for i := 4; i+4 <= 4+n; i += 4 {
		h.dims = append(h.dims, int(binary.BigEndian.Uint32(raw[i:])))
	}
	qmnist := magic == magicLabels && got == magicQMNIST && len(h.dims) == 2 && h.dims[1] == columnsQMNIST
	if got != magic && !qmnist {
		return h, fmt.Errorf("magic 0x%08x, want 0x%08x (%s)", got, magic, magicHint(raw[:4+n], h.dims, magic))
	}
	if err != nil {
		return h, readError(err, 4+n, len(raw))
	}
	element := 1
	if qmnist {
		element = 4
	}
	for i, d := range h.dims {
		if d == 0 {
			return h, fmt.Errorf("dimension %d of %d is 0 (an empty set?)", i+1, len(h.dims))
		}
	}
	content, ok := memory.Product(append([]int{element}, h.dims...)...)
	if !ok || content > math.MaxInt-int64(len(raw)) {
		return h, fmt.Errorf("header % x announces more than a file can hold (damaged header%s?)", raw,
			endianHint(h.dims))
	}
	if h.dims[0] > math.MaxInt32 {
		return h, fmt.Errorf("%d images or labels, want at most %d", h.dims[0], math.MaxInt32)
	}
	h.size = int64(len(raw)) + content
	return h, nil
}

// dimensions is how many of a file's dimensions are read: those that its magic announces, where they can be as many as
// those of images.
func dimensions(magic uint32) int {
	if elements[byte(magic>>8)] == "" || magic>>16 != 0 {
		return 0
	}
	return min(int(magic&0xff), 3)
}

// magicHint guesses what a file with a wrong magic is, of which the first bytes and perhaps dimensions are known.
func magicHint(lead []byte, dims []int, want uint32) string {
	got := binary.BigEndian.Uint32(lead)
	element := elements[byte(got>>8)]
	switch {
	case got == magicLabels:
		return fmt.Sprintf("labels file in place of images? unsigned bytes, %s", sizes(dims))
	case got == magicImages:
		return fmt.Sprintf("images file in place of labels? unsigned bytes, %s", sizes(dims))
	case bits.ReverseBytes32(got) == magicLabels || bits.ReverseBytes32(got) == magicImages:
		return "the header's bytes are in reverse order; IDX is big-endian"
	case got>>16 == 0 && element != "":
		hint := fmt.Sprintf("IDX of %s, %d dimensions", element, got&0xff)
		if got&0xff == 1 {
			hint = strings.TrimSuffix(hint, "s")
		}
		if len(dims) > 0 {
			hint += ": " + sizes(dims)
		}
		hint += fmt.Sprintf("; not unsigned bytes of %d", want&0xff)
		if side := squareRoot(dims); got == 0x0802 && want == magicImages && side > 0 {
			hint += fmt.Sprintf(": images, rows and columns, say %dx%dx%d", dims[0], side, side)
		}
		return hint
	}
	if kind := foreign(string(lead)); kind != "" {
		return kind
	}
	return "not an IDX file"
}

// foreign names a file of another kind by its first bytes, "" if it is none that people put in place of IDX.
func foreign(lead string) string {
	for _, kind := range []struct{ lead, name string }{
		{"<", "a web page saved in place of the file?"},
		{"\xef\xbb\xbf<", "a web page saved in place of the file?"},
		{"PK", "a zip archive; unpack it first"},
		{"\x1f\x8b", "gzip data within gzip data; unpack it once"},
		{"BZh", "a bzip2 file; unpack it first"},
		{"\xfd7zX", "an xz file; unpack it first"},
		{"\x28\xb5\x2f\xfd", "a zstd file; unpack it first"},
		{"\x93NUM", "a NumPy file"},
		{"\x89PNG", "a PNG picture"},
		{"vers", "a pointer of Git LFS in place of the file?"},
	} {
		if strings.HasPrefix(lead, kind.lead) {
			return kind.name
		}
	}
	return ""
}

// sizes writes dimensions as 60000x28x28.
func sizes(dims []int) string {
	var parts []string
	for _, d := range dims {
		parts = append(parts, strconv.Itoa(d))
	}
	return strings.Join(parts, "x")
}

// squareRoot is the side of the square that has as many pixels as the second dimension of two, 0 if there is none.
func squareRoot(dims []int) int {
	if len(dims) != 2 {
		return 0
	}
	side := int(math.Sqrt(float64(dims[1])))
	if side < 2 || side*side != dims[1] {
		return 0
	}
	return side
}

// endianHint adds to a guess where the dimensions, read in the other byte order, are such as people use.
func endianHint(dims []int) string {
	for _, d := range dims {
		if bits.ReverseBytes32(uint32(d)) > 1<<24 {
			return ""
		}
	}
	return ", or numbers in little-endian order"
}
