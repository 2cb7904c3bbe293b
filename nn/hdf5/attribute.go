package hdf5

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Strings returns the attribute of the given name: a string, or a list of strings in row-major order. ok is false if
// there is none. The caller does not change the list.
func (o *Object) Strings(name string) (list []string, ok bool, err error) {
	if list, ok = o.lists[name]; ok {
		return list, true, nil
	}
	if o.attributes == nil {
		o.attributes, o.lists = map[string]attribute{}, map[string][]string{}
		o.invalid = o.parseAttributes()
	}
	a, ok := o.attributes[name]
	if !ok && o.invalid == nil {
		return nil, false, nil
	}
	if err = o.invalid; ok {
		list, err = o.f.strings(a)
	}
	if err != nil {
		return nil, false, o.fail(fmt.Errorf("attribute %s: %w", name, err))
	}
	o.lists[name] = list
	return list, true, nil
}

// attribute has the parts of an attribute message, still encoded.
type attribute struct {
	name                      string
	datatype, dataspace, data []byte
}

func (h *header) parseAttributes() error {
	for _, m := range h.messages {
		if m.typ != msgAttribute {
			continue
		}
		a, err := parseAttribute(m)
		if err != nil {
			return err
		}
		if _, twice := h.attributes[a.name]; twice {
			return fmt.Errorf("two of the name %.80q", a.name)
		}
		h.attributes[a.name] = a
	}
	return nil
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

// strings returns the elements of an attribute. They do not overlap in a valid file, so their total length is limited
// to the size of the file.
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
	if err := f.count(n); err != nil {
		return nil, err
	}
	list, total := make([]string, n), 0
	for i := range list {
		element := a.data[i*size : (i+1)*size]
		s := ""
		if !variable {
			s = string(element)
		} else if s, err = f.variable(element); err != nil {
			return nil, err
		}
		s, _, _ = strings.Cut(s, "\x00")
		if total += len(s); uint64(total) > f.size {
			return nil, fmt.Errorf("strings of more than %d bytes, the size of the file", f.size)
		}
		list[i] = s
	}
	return list, nil
}

// variable returns the string that an element of variable length refers to.
func (f *File) variable(element []byte) (string, error) {
	c := &cursor{b: element}
	length, at, index := c.u32(), c.u64(), int(c.u32())
	if c.short {
		return "", fmt.Errorf("elements of %d bytes, want 16", len(element))
	}
	if length == 0 {
		return "", nil
	}
	heap, err := f.globalHeap(at)
	if err != nil {
		return "", fmt.Errorf("global heap: %w", err)
	}
	s, ok := heap[index]
	if !ok || length > uint64(len(s)) {
		return "", fmt.Errorf("string of %d bytes, but object %d of the global heap has %d", length, index, len(s))
	}
	return s[:length], nil
}

// globalHeap returns the objects of the global heap at an address, by number.
func (f *File) globalHeap(at uint64) (map[int]string, error) {
	if heap, ok := f.heaps[at]; ok {
		return heap, nil
	}
	b, err := f.metadata(at, 16)
	if err != nil {
		return nil, err
	}
	c := &cursor{b: b}
	if s, version := string(c.take(4)), c.u8(); s != "GCOL" || version != 1 {
		return nil, fmt.Errorf("signature %q, version %d, want \"GCOL\", 1", s, version)
	}
	c.take(3)
	size := c.u64()
	if size < 16 {
		return nil, fmt.Errorf("%d bytes, want at least 16", size)
	}
	if b, err = f.metadata(at+16, size-16); err != nil {
		return nil, err
	}
	heap, text := map[int]string{}, string(b) // which the strings share
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
		start := len(b) - len(c.b)
		heap[index] = text[start : start+int(size)]
		c.take(padded(int(size)))
	}
	if err := f.count(len(heap)); err != nil {
		return nil, err
	}
	f.heaps[at] = heap
	return heap, nil
}
