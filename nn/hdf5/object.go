package hdf5

import (
	"errors"
	"fmt"
	"strings"
)

// An Object is a group or a dataset of a File.
type Object struct {
	f        *File
	path     string
	messages []message
	links    []link // of a group, sorted by name
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
	path := strings.TrimPrefix(o.path+"/"+name, "/")
	l, ok := o.link(name)
	if !ok {
		return nil, fmt.Errorf("hdf5: %s: no %s (there are %d other names)", o.f.Name, path, len(o.links))
	}
	if l.soft {
		return nil, fmt.Errorf("hdf5: %s: %s: a soft link, want the object itself", o.f.Name, path)
	}
	return o.f.object(path, l.at)
}

func (o *Object) link(name string) (link, bool) {
	for _, l := range o.links {
		if l.name == name {
			return l, true
		}
	}
	return link{}, false
}

func (o *Object) message(typ int) (message, bool) {
	for _, m := range o.messages {
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
	path := o.path
	if path == "" {
		path = "/"
	}
	return fmt.Errorf("hdf5: %s: %s: %w", o.f.Name, path, err)
}

// object reads the object header at an address and, for a group, its links.
func (f *File) object(path string, at uint64) (*Object, error) {
	o := &Object{f: f, path: path}
	if err := o.readHeader(at); err != nil {
		return nil, o.fail(fmt.Errorf("object header: %w", err))
	}
	for _, newer := range []int{msgLinkInfo, msgLink} {
		if _, ok := o.message(newer); ok {
			return nil, o.fail(errors.New(
				"a group in the newer style, want one with a symbol table (written with libver=\"latest\"?)"))
		}
	}
	if o.IsGroup() {
		if err := o.readLinks(); err != nil {
			return nil, o.fail(err)
		}
	}
	return o, nil
}

// readHeader reads the messages of an object header of version 1. They are in blocks, which do not overlap in a valid
// file, so their total size is limited to that of the file.
func (o *Object) readHeader(at uint64) error {
	prefix, err := o.f.read(at, 16)
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
	blocks := []block{{at + 16, c.u32()}}
	total := uint64(0)
	for ; len(blocks) > 0 && len(o.messages) < count; blocks = blocks[1:] {
		total += blocks[0].size
		if blocks[0].size > o.f.size || total > o.f.size {
			return fmt.Errorf("messages of %d bytes, but the file has %d", total, o.f.size)
		}
		b, err := o.f.read(blocks[0].at, blocks[0].size)
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
	return nil
}
