package hdf5

import (
	"encoding/binary"
	"fmt"
)

// header writes an object header of version 1 and returns its address. write writes its messages.
func (e *encoder) header(write func() error) (int, error) {
	at := len(e.b)
	e.zeros(16)
	e.messages = 0
	if err := write(); err != nil {
		return 0, err
	}
	h := &encoder{}
	h.u8(1, 0)
	h.u16(e.messages)
	h.u32(1) // number of links to the object
	h.u32(len(e.b) - at - 16)
	copy(e.b[at:], h.b)
	if e.messages > 0xffff {
		return 0, fmt.Errorf("%d attributes, want fewer than 65535", e.messages-1)
	}
	return at, nil
}

// message writes a message of an object header, padded to 8 bytes.
func (e *encoder) message(typ int, write func()) error {
	e.messages++
	e.u16(typ, 0)
	e.u32(0) // flags
	at := len(e.b)
	write()
	size := padded(len(e.b) - at)
	if size > maxMessage {
		return fmt.Errorf("%d bytes, want at most %d", size, maxMessage)
	}
	e.zeros(at + size - len(e.b))
	binary.LittleEndian.PutUint16(e.b[at-6:], uint16(size))
	return nil
}

// dataspace writes a dataspace of version 1, without maximum extents.
func (e *encoder) dataspace(shape []int) {
	e.u8(1, byte(len(shape)), 0, 0)
	e.u32(0)
	e.u64(shape...)
}

// attribute writes an attribute of version 1, a tensor of strings. The strings go to the global heap, except empty
// ones, which have no address.
func (e *encoder) attribute(name string, shape []int, list []string) {
	e.u8(1, 0)
	e.u16(len(name)+1, len(stringType), 8+8*len(shape))
	e.text(name)
	e.zeros(padded(len(name)+1) - len(name))
	e.bytes(stringType)
	e.zeros(padded(len(stringType)) - len(stringType))
	e.dataspace(shape)
	for _, s := range list {
		e.u32(len(s))
		if s == "" {
			e.zeros(12)
			continue
		}
		e.strings = append(e.strings, s)
		e.heapAt = append(e.heapAt, len(e.b))
		e.u64(0)
		e.u32(len(e.strings))
	}
}

func (e *encoder) bytes(p []byte) { e.b = append(e.b, p...) }
func (e *encoder) text(s string)  { e.b = append(e.b, s...) }
func (e *encoder) zeros(n int)    { e.b = append(e.b, make([]byte, n)...) }
func (e *encoder) u8(v ...byte)   { e.b = append(e.b, v...) }

func (e *encoder) u16(values ...int) {
	for _, v := range values {
		e.b = binary.LittleEndian.AppendUint16(e.b, uint16(v))
	}
}

func (e *encoder) u32(v int) { e.b = binary.LittleEndian.AppendUint32(e.b, uint32(v)) }

func (e *encoder) u64(values ...int) {
	for _, v := range values {
		e.b = binary.LittleEndian.AppendUint64(e.b, uint64(v))
	}
}
