package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
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

// Float32 returns the elements of a dataset of float32 or float64 in row-major order. It rounds float64 to the nearest
// float32.
func (o *Object) Float32() ([]float32, error) {
	p, size, err := o.raw()
	if err != nil {
		return nil, o.fail(err)
	}
	x := make([]float32, len(p)/size)
	for i := range x {
		if size == 4 {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:]))
		} else {
			x[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(p[8*i:])))
		}
	}
	return x, nil
}

// raw returns the encoded elements of a dataset and the size of one.
func (o *Object) raw() (p []byte, size int, err error) {
	c, err := o.need(msgDatatype, "datatype (a group?)")
	if err != nil {
		return nil, 0, err
	}
	switch {
	case isType(c.b, float32Type):
		size = 4
	case isType(c.b, float64Type):
		size = 8
	default:
		return nil, 0, errors.New("datatype is not little-endian float32 or float64")
	}
	shape, err := o.shape()
	if err != nil {
		return nil, 0, err
	}
	n, err := elements(shape, size)
	if err != nil {
		return nil, 0, err
	}
	p, err = o.content()
	if err == nil && len(p) != n*size {
		err = fmt.Errorf("%d bytes, want %d for shape %v", len(p), n*size, shape)
	}
	return p, size, err
}

// isType reports whether an encoded datatype is t, in any version of the encoding.
func isType(b, t []byte) bool {
	return len(b) >= len(t) && b[0]&15 == classFloat && slices.Equal(b[1:len(t)], t[1:])
}

// content returns the bytes of a dataset.
func (o *Object) content() ([]byte, error) {
	c, err := o.need(msgLayout, "layout")
	if err != nil {
		return nil, err
	}
	const compact, contiguous = 0, 1
	version, class := c.u8(), c.u8()
	switch {
	case version != 3 && version != 4:
		return nil, fmt.Errorf("layout version %d, want 3 or 4", version)
	case class == compact:
		p := c.take(c.u16())
		if c.short {
			return nil, errors.New("layout cut short")
		}
		return p, nil
	case class == contiguous:
		at, size := c.u64(), c.u64()
		if at == undefined && size > 0 {
			return nil, errors.New("elements were never written")
		}
		if size == 0 {
			return nil, nil
		}
		return o.f.read(at, size)
	}
	return nil, fmt.Errorf("layout class %d, want 0 or 1: elements in one piece (chunked or compressed?)", class)
}
