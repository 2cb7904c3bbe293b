package hdf5

import (
	"bytes"
	"errors"
	"fmt"
)

// Strings returns the attribute of the given name: a string, or a list of strings in row-major order. ok is false if
// there is none.
func (o *Object) Strings(name string) (list []string, ok bool, err error) {
	for _, m := range o.messages {
		if m.typ != msgAttribute {
			continue
		}
		a, err := parseAttribute(m)
		if err == nil && a.name == name {
			list, err = o.f.strings(a)
			ok = true
		}
		if err != nil {
			return nil, false, o.fail(fmt.Errorf("attribute %s: %w", name, err))
		}
		if ok {
			break
		}
	}
	return list, ok, nil
}

// attribute has the parts of an attribute message, still encoded.
type attribute struct {
	name                      string
	datatype, dataspace, data []byte
}

// parseAttribute splits a message of version 1, 2 or 3. From version 2 on the parts are not padded; version 3 has a
// byte for the encoding of the name.
func parseAttribute(m message) (a attribute, err error) {
	c := &cursor{b: m.data}
	version, flags := c.u8(), c.u8()
	if m.shared || version < 1 || version > 3 || version > 1 && flags != 0 {
		return a, fmt.Errorf("version %d, flags %d, shared %v, want 1 to 3 with nothing shared",
			version, flags, m.shared)
	}
	sizes := [3]int{c.u16(), c.u16(), c.u16()}
	if version == 3 {
		c.take(1)
	}
	var parts [3][]byte
	for i, n := range sizes {
		parts[i] = c.take(n)
		if version == 1 {
			c.take(min(padded(n)-n, len(c.b)))
		}
	}
	if c.short {
		return a, fmt.Errorf("parts of %v bytes in a message of %d", sizes, len(m.data))
	}
	name, _, _ := bytes.Cut(parts[0], []byte{0})
	return attribute{string(name), parts[1], parts[2], c.b}, nil
}

// strings returns the elements of an attribute. Their total length is limited to the size of the file, so that a
// damaged file cannot exhaust memory.
func (f *File) strings(a attribute) ([]string, error) {
	shape, err := parseDataspace(&cursor{b: a.dataspace})
	if err != nil {
		return nil, err
	}
	c := &cursor{b: a.datatype}
	class, bits, size := c.u8()&15, c.take(3), int(c.number(4))
	if c.short || size < 1 {
		return nil, fmt.Errorf("datatype of %d bytes", len(a.datatype))
	}
	n, err := elements(shape, size)
	if err != nil || n == 0 {
		return nil, err
	}
	variable := class == classVariable && bits[0]&15 == 1
	if class != classString && !variable {
		return nil, fmt.Errorf("datatype of class %d, want strings", class)
	}
	if n > len(a.data)/size {
		return nil, fmt.Errorf("%d elements of %d bytes, but there are %d bytes", n, size, len(a.data))
	}
	list, total := make([]string, n), 0
	for i := range list {
		s := a.data[i*size : (i+1)*size]
		if variable {
			if s, err = f.variable(s); err != nil {
				return nil, err
			}
		}
		s, _, _ = bytes.Cut(s, []byte{0})
		if total += len(s); uint64(total) > f.size {
			return nil, fmt.Errorf("strings of more than %d bytes, the size of the file", f.size)
		}
		list[i] = string(s)
	}
	return list, nil
}

// variable returns the string that an element of variable length refers to.
func (f *File) variable(element []byte) ([]byte, error) {
	c := &cursor{b: element}
	length, at, index := c.u32(), c.u64(), int(c.u32())
	if c.short {
		return nil, fmt.Errorf("elements of %d bytes, want 16", len(element))
	}
	if length == 0 {
		return nil, nil
	}
	heap, err := f.globalHeap(at)
	if err != nil {
		return nil, fmt.Errorf("global heap: %w", err)
	}
	s, ok := heap[index]
	if !ok || length > uint64(len(s)) {
		return nil, fmt.Errorf("string of %d bytes, but object %d of the global heap has %d", length, index, len(s))
	}
	return s[:length], nil
}

// globalHeap returns the objects of the global heap at an address, by number. Heaps do not overlap in a valid file, so
// their total size is limited to that of the file.
func (f *File) globalHeap(at uint64) (map[int][]byte, error) {
	if heap, ok := f.heaps[at]; ok {
		return heap, nil
	}
	b, err := f.read(at, 16)
	if err != nil {
		return nil, err
	}
	c := &cursor{b: b}
	if s, version := string(c.take(4)), c.u8(); s != "GCOL" || version != 1 {
		return nil, fmt.Errorf("signature %q, version %d, want \"GCOL\", 1", s, version)
	}
	c.take(3)
	size := c.u64()
	if f.inHeap += min(size, f.size); size < 16 || f.inHeap > f.size {
		return nil, fmt.Errorf("%d bytes, want at least 16 and all heaps within the file's %d", size, f.size)
	}
	if b, err = f.read(at+16, size-16); err != nil {
		return nil, err
	}
	heap := map[int][]byte{}
	for c = (&cursor{b: b}); len(c.b) >= 16; {
		index := c.u16()
		c.take(6)
		size := c.u64()
		if index == 0 { // the free space
			break
		}
		if size > uint64(len(c.b)) {
			return nil, errors.New("an object ends behind the heap")
		}
		heap[index] = c.take(int(size))
		c.take(min(padded(int(size))-int(size), len(c.b)))
	}
	f.heaps[at] = heap
	return heap, nil
}
