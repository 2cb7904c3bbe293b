package hdf5

import (
	"encoding/binary"
	"fmt"
	"math"
)

const signature = "\x89HDF\r\n\x1a\n"

// maxRank is the most dimensions that a dataspace has in the HDF5 library.
const maxRank = 32

// undefined is the address of something that is not in the file.
const undefined = math.MaxUint64

// Types of the messages in an object header.
const (
	msgDataspace    = 0x01
	msgLinkInfo     = 0x02 // of a group in the newer style
	msgDatatype     = 0x03
	msgFillValue    = 0x05
	msgLink         = 0x06 // of a group in the newer style
	msgLayout       = 0x08
	msgAttribute    = 0x0c
	msgContinuation = 0x10
	msgSymbolTable  = 0x11
)

// Classes of datatypes, the low half of the first byte of a datatype.
const (
	classFloat    = 1
	classString   = 3
	classOpaque   = 5
	classVariable = 9
)

// The datatypes that are known: version and class, three bytes of class bits, size of an element, properties.
var (
	// IEEE 754, little-endian. Properties: first bit, precision, position and size of the exponent, position and size
	// of the mantissa, exponent bias.
	float16Type  = []byte{0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0}
	bfloat16Type = []byte{0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 7, 8, 0, 7, 0x7f, 0, 0, 0}
	float32Type  = []byte{0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 0x7f, 0, 0, 0}
	float64Type  = []byte{0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0}
	// A UTF-8 string of variable length over a base type of bytes. An element is a length (4 bytes), the address of a
	// global heap (8 bytes) and the number of an object in it (4 bytes).
	stringType = []byte{0x19, 1, 1, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0}
)

// elements returns the number of elements of a shape. It fails if elements of the given size would not fit into memory.
func elements(shape []int, size int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt/size/d {
			return 0, fmt.Errorf("shape %v with elements of %d bytes, want extents of 0 or more and no overflow",
				shape, size)
		}
		n *= d
	}
	return n, nil
}

// padded returns n rounded up to a multiple of 8.
func padded(n int) int { return (n + 7) &^ 7 }

// A cursor reads little-endian numbers from a part of a file. Reading beyond its end returns 0 and sets short.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.b, c.short = nil, true
		return nil
	}
	p := c.b[:n:n]
	c.b = c.b[n:]
	return p
}

func (c *cursor) u8() int     { return int(c.number(1)) }
func (c *cursor) u16() int    { return int(c.number(2)) }
func (c *cursor) u32() uint64 { return c.number(4) }
func (c *cursor) u64() uint64 { return c.number(8) }

func (c *cursor) number(size int) uint64 {
	var p [8]byte
	copy(p[:], c.take(size))
	return binary.LittleEndian.Uint64(p[:])
}
