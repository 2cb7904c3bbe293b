package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"resnet/nn/internal/float16"
)

// Shape returns the shape of a dataset, which is empty for a scalar.
func (o *Object) Shape() ([]int, error) {
	shape, err := o.shape()
	if err != nil {
		return nil, o.fail(err)
	}
	return shape, nil
}

func (o *Object) shape() ([]int, error) {
	c, err := o.need(msgDataspace, "dataspace (a group?)")
	if err != nil {
		return nil, err
	}
	return parseDataspace(c)
}

// parseDataspace reads a dataspace of version 1 or 2. A null dataspace, which only version 2 has, has no elements.
func parseDataspace(c *cursor) ([]int, error) {
	version, rank := c.u8(), c.u8()
	c.take(1) // whether there are maximal extents, which follow the extents
	kind := c.u8()
	switch version {
	case 1:
		c.take(4)
	case 2:
		const null = 2
		if kind == null {
			return []int{0}, nil
		}
	default:
		return nil, fmt.Errorf("dataspace version %d, want 1 or 2", version)
	}
	if rank > maxRank {
		return nil, fmt.Errorf("dataspace of rank %d, want at most %d", rank, maxRank)
	}
	shape := make([]int, rank)
	for i := range shape {
		n := c.u64()
		if n > math.MaxInt {
			return nil, fmt.Errorf("dataspace with an extent of %d", n)
		}
		shape[i] = int(n)
	}
	if c.short {
		return nil, fmt.Errorf("dataspace of rank %d cut short", rank)
	}
	return shape, nil
}

// Float32 returns the elements of a dataset of float16, bfloat16, float32 or float64 in row-major order. It rounds
// float64 to the nearest float32.
func (o *Object) Float32() ([]float32, error) {
	x, err := o.float32()
	if err != nil {
		return nil, o.fail(err)
	}
	return x, nil
}

func (o *Object) float32() ([]float32, error) {
	t, err := o.format()
	if err != nil {
		return nil, err
	}
	shape, err := o.shape()
	if err != nil {
		return nil, err
	}
	n, err := elements(shape, t.size)
	if err != nil {
		return nil, err
	}
	r, size, err := o.content()
	if err == nil && size != uint64(n*t.size) {
		err = fmt.Errorf("%d bytes, want %d for shape %v", size, n*t.size, shape)
	}
	if err != nil {
		return nil, err
	}
	x, p := make([]float32, n), make([]byte, min(n*t.size, 1<<16))
	for i := 0; i < n; i += len(p) / t.size {
		p = p[:min(len(p), (n-i)*t.size)]
		if _, err := io.ReadFull(r, p); err != nil {
			return nil, fmt.Errorf("elements: %w", err)
		}
		t.decode(x[i:i+len(p)/t.size], p)
	}
	return x, nil
}

// A format is how the elements of a dataset are stored.
type format struct {
	size   int // bytes of an element
	decode func(x []float32, p []byte)
}

func (o *Object) format() (f format, err error) {
	c, err := o.need(msgDatatype, "datatype (a group?)")
	if err != nil {
		return f, err
	}
	switch {
	case isType(c.b, float16Type):
		return format{2, decodeFloat16}, nil
	case isType(c.b, bfloat16Type):
		return format{2, decodeBfloat16}, nil
	case isType(c.b, float32Type):
		return format{4, decodeFloat32}, nil
	case isType(c.b, float64Type):
		return format{8, decodeFloat64}, nil
	}
	if opaque, err := o.isOpaqueBfloat16(c.b); opaque {
		return format{2, decodeBfloat16}, err
	}
	return f, fmt.Errorf("datatype is %s, want little-endian float16, bfloat16, float32 or float64", describeType(c.b))
}

func decodeFloat16(x []float32, p []byte) {
	for i := range x {
		x[i] = float16.Decode(binary.LittleEndian.Uint16(p[2*i:]))
	}
}

func decodeBfloat16(x []float32, p []byte) {
	for i := range x {
		x[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(p[2*i:])) << 16)
	}
}

func decodeFloat32(x []float32, p []byte) {
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:]))
	}
}

func decodeFloat64(x []float32, p []byte) {
	for i := range x {
		x[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(p[8*i:])))
	}
}

// isType reports whether an encoded datatype is t, in any version of the encoding.
func isType(b, t []byte) bool {
	return len(b) >= len(t) && b[0]&15 == classFloat && slices.Equal(b[1:len(t)], t[1:])
}

// isOpaqueBfloat16 reports whether a datatype is what NumPy's bfloat16 becomes in h5py: two bytes without a meaning.
// Keras writes the attribute dtype beside it, but not into whole models in HDF5. NumPy has no other type of this kind.
func (o *Object) isOpaqueBfloat16(b []byte) (bool, error) {
	if len(b) < 8 || b[0]&15 != classOpaque || binary.LittleEndian.Uint32(b[4:]) != 2 {
		return false, nil
	}
	names, ok, err := o.Strings("dtype")
	if name := strings.Join(names, " "); err == nil && ok && name != "bfloat16" {
		err = fmt.Errorf("attribute dtype is %.40q, want \"bfloat16\"", name)
	}
	return true, err
}

// describeType says in words what an encoded datatype is.
func describeType(b []byte) string {
	if len(b) < 8 {
		return fmt.Sprintf("cut short to %d bytes", len(b))
	}
	class, size := int(b[0]&15), binary.LittleEndian.Uint32(b[4:])
	kinds := [...]string{
		"integers", "floats", "times", "strings", "bit fields", "opaque elements", "compound elements", "references",
		"enumerated values", "elements of variable length", "arrays",
	}
	if class >= len(kinds) {
		return fmt.Sprintf("of class %d", class)
	}
	order := ""
	if class <= 1 && b[1]&1 != 0 {
		order = "big-endian "
	}
	return fmt.Sprintf("%s%s of %d bytes", order, kinds[class], size)
}

// content returns the bytes of a dataset.
func (o *Object) content() (r io.Reader, size uint64, err error) {
	c, err := o.need(msgLayout, "layout")
	if err != nil {
		return nil, 0, err
	}
	const compact, contiguous = 0, 1
	version, class := c.u8(), c.u8()
	switch {
	case version != 3 && version != 4:
		return nil, 0, fmt.Errorf("layout version %d, want 3 or 4", version)
	case class == compact:
		p := c.take(c.u16())
		if c.short {
			return nil, 0, errors.New("layout cut short")
		}
		return bytes.NewReader(p), uint64(len(p)), nil
	case class == contiguous:
		at, size := c.u64(), c.u64()
		if at == undefined && size > 0 {
			return nil, 0, errors.New("elements were never written")
		}
		if size == 0 {
			return bytes.NewReader(nil), 0, nil
		}
		return io.NewSectionReader(o.f.r, int64(at), int64(size)), size, o.f.within(at, size)
	}
	return nil, 0, fmt.Errorf("layout class %d, want 0 or 1: elements in one piece (chunked or compressed?)", class)
}
