package hdf5

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxDepth is how many groups an Object may lie below the root. A group may contain itself.
const maxDepth = 64

// An Object is a group or a dataset of a File.
type Object struct {
	*header
	f      *File
	name   string
	parent *Object // nil for the root
	depth  int
}

// header is the content of an object header, which objects of several names share.
type header struct {
	at       uint64
	messages []message
	links    []link // of a group, sorted by name
	// attributes are the messages of that type by name, and lists those that Strings has decoded. invalid is the error
	// of the first that cannot be taken apart.
	attributes map[string]attribute
	lists      map[string][]string
	invalid    error
}

// A message is a part of an object header.
type message struct {
	typ    int
	shared bool // data refers to a message of another object
	data   []byte
}

// A link is the name and the address of a child of a group.
type link struct {
	name string
	at   uint64
	soft bool
}

// IsGroup reports whether the object is a group; otherwise it is a dataset.
func (o *Object) IsGroup() bool {
	_, ok := o.message(msgSymbolTable)
	return ok
}

// ID is the same for two Objects if they are one object under two names.
func (o *Object) ID() uint64 { return o.at }

// Path returns the names from the root to the object, separated by slashes. It is empty for the root.
func (o *Object) Path() string {
	var names []string
	for ; o.parent != nil; o = o.parent {
		names = append(names, o.name)
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// Children returns the names in a group, sorted; a dataset has none.
func (o *Object) Children() []string {
	names := make([]string, len(o.links))
	for i := range o.links {
		names[i] = o.links[i].name
	}
	return names
}

// Has reports whether a group has a child of the given name.
func (o *Object) Has(name string) bool {
	_, ok := o.link(name)
	return ok
}

// Object opens the child of a group.
func (o *Object) Object(name string) (*Object, error) {
	l, ok := o.link(name)
	child := &Object{f: o.f, name: name, parent: o, depth: o.depth + 1}
	switch {
	case !ok:
		return nil, fmt.Errorf("hdf5: %s: no %s (there are %d other names)", o.f.Name, child.Path(), len(o.links))
	case l.soft:
		return nil, fmt.Errorf("hdf5: %s: %s: a soft link, want the object itself", o.f.Name, child.Path())
	case child.depth > maxDepth:
		return nil, fmt.Errorf("hdf5: %s: groups in more than %d groups (does one contain itself?)", o.f.Name, maxDepth)
	}
	return child, child.open(l.at)
}

func (o *Object) link(name string) (link, bool) {
	i, ok := slices.BinarySearchFunc(o.links, name, func(l link, name string) int { return cmp.Compare(l.name, name) })
	if !ok {
		return link{}, false
	}
	return o.links[i], true
}

func (h *header) message(typ int) (message, bool) {
	for _, m := range h.messages {
		if m.typ == typ {
			return m, true
		}
	}
	return message{}, false
}

// need returns the data of a message that the object must have; name is for errors.
func (o *Object) need(typ int, name string) (*cursor, error) {
	m, ok := o.message(typ)
	if !ok {
		return nil, fmt.Errorf("no %s", name)
	}
	if m.shared {
		return nil, fmt.Errorf("%s shared with other objects, want its own", name)
	}
	return &cursor{b: m.data}, nil
}

// fail wraps an error with the names of the file and the object.
func (o *Object) fail(err error) error {
	return fmt.Errorf("hdf5: %s: %s: %w", o.f.Name, cmp.Or(o.Path(), "/"), err)
}

// open reads the object header at an address and, for a group, its links, unless another Object has read it.
func (o *Object) open(at uint64) error {
	if h, ok := o.f.headers[at]; ok {
		o.header = h
		return nil
	}
	o.header = &header{at: at}
	if err := o.readHeader(); err != nil {
		return o.fail(fmt.Errorf("object header: %w", err))
	}
	for _, newer := range []int{msgLinkInfo, msgLink} {
		if _, ok := o.message(newer); ok {
			return o.fail(errors.New(
				"a group in the newer style, want one with a symbol table (written with libver=\"latest\"?)"))
		}
	}
	if o.IsGroup() {
		if err := o.readLinks(); err != nil {
			return o.fail(err)
		}
	}
	o.f.headers[at] = o.header
	return nil
}

// readHeader reads the messages of an object header of version 1.
func (o *Object) readHeader() error {
	prefix, err := o.f.metadata(o.at, 16)
	if err != nil {
		return err
	}
	c := &cursor{b: prefix}
	if version := c.u8(); version != 1 {
		return fmt.Errorf("version %d, want 1 (written with libver=\"latest\"?)", version)
	}
	c.take(1)
	count := c.u16()
	c.take(4)
	type block struct{ at, size uint64 }
	blocks := []block{{o.at + 16, c.u32()}}
	for ; len(blocks) > 0 && len(o.messages) < count; blocks = blocks[1:] {
		b, err := o.f.metadata(blocks[0].at, blocks[0].size)
		if err != nil {
			return err
		}
		c := &cursor{b: b}
		for len(c.b) >= 8 && len(o.messages) < count {
			m := message{typ: c.u16()}
			size := c.u16()
			m.shared = c.u8()&2 != 0
			c.take(3)
			m.data = c.take(size)
			if c.short {
				return fmt.Errorf("message %d: %d bytes, more than its block has left", len(o.messages), size)
			}
			o.messages = append(o.messages, m)
			if m.typ == msgContinuation {
				next := cursor{b: m.data}
				blocks = append(blocks, block{next.u64(), next.u64()})
			}
		}
	}
	if len(o.messages) < count {
		return fmt.Errorf("%d messages, want %d", len(o.messages), count)
	}
	return o.f.count(len(o.messages))
}
