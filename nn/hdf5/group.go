package hdf5

import (
	"errors"
	"fmt"
	"strings"
)

// readLinks reads the links of a group from its B-tree, which is sorted by name.
func (o *Object) readLinks() error {
	c, err := o.need(msgSymbolTable, "symbol table")
	if err != nil {
		return err
	}
	tree, heap := c.u64(), c.u64()
	if c.short {
		return errors.New("symbol table too short")
	}
	names, err := o.f.localHeap(heap)
	if err != nil {
		return fmt.Errorf("local heap: %w", err)
	}
	w := &treeWalk{o: o, names: string(names)}
	if err := w.node(tree, -1); err != nil {
		return fmt.Errorf("tree of names: %w", err)
	}
	return nil
}

// localHeap returns the data of a local heap, which holds the names of a group.
func (f *File) localHeap(at uint64) ([]byte, error) {
	b, err := f.metadata(at, 32)
	if err != nil {
		return nil, err
	}
	c := &cursor{b: b}
	if s, version := string(c.take(4)), c.u8(); s != "HEAP" || version != 0 {
		return nil, fmt.Errorf("signature %q, version %d, want \"HEAP\", 0", s, version)
	}
	c.take(3)
	size := c.u64()
	c.take(8)
	return f.metadata(c.u64(), size)
}

// A treeWalk collects the links of a group.
type treeWalk struct {
	o     *Object
	names string // of the links, which keep parts of it
}

// node visits a node of the B-tree, which must be of the given level; -1 is any.
func (w *treeWalk) node(at uint64, level int) error {
	b, err := w.o.f.metadata(at, 24)
	if err != nil {
		return err
	}
	c := &cursor{b: b}
	s, typ, got, count := string(c.take(4)), c.u8(), c.u8(), c.u16()
	if s != "TREE" || typ != 0 || level >= 0 && got != level {
		return fmt.Errorf("node at %d: signature %q, type %d, level %d, want \"TREE\", 0, %d",
			at, s, typ, got, max(level, 0))
	}
	b, err = w.o.f.metadata(at+24, uint64(count)*16+8)
	if err != nil {
		return err
	}
	c = &cursor{b: b}
	for range count {
		c.take(8) // a name that sorts before the first one of the child
		child := c.u64()
		if got > 0 {
			err = w.node(child, got-1)
		} else {
			err = w.symbols(child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// symbols visits a symbol node.
func (w *treeWalk) symbols(at uint64) error {
	b, err := w.o.f.metadata(at, 8)
	if err != nil {
		return err
	}
	c := &cursor{b: b}
	s, version := string(c.take(4)), c.u8()
	if s != "SNOD" || version != 1 {
		return fmt.Errorf("node at %d: signature %q, version %d, want \"SNOD\", 1", at, s, version)
	}
	c.take(1)
	count := c.u16()
	b, err = w.o.f.metadata(at+8, uint64(count)*symbolEntrySize)
	if err != nil {
		return err
	}
	if err := w.o.f.count(count); err != nil {
		return err
	}
	c = &cursor{b: b}
	for range count {
		offset, header, kind := c.u64(), c.u64(), c.u32()
		c.take(4 + 16)
		name, err := w.name(offset)
		if err != nil {
			return err
		}
		if n := len(w.o.links); n > 0 && name <= w.o.links[n-1].name {
			return fmt.Errorf("%q after %q, want names in order", name, w.o.links[n-1].name)
		}
		const softLink = 2
		w.o.links = append(w.o.links, link{name, header, kind == softLink})
	}
	return nil
}

func (w *treeWalk) name(offset uint64) (string, error) {
	if offset > uint64(len(w.names)) {
		return "", fmt.Errorf("name at %d of %d bytes", offset, len(w.names))
	}
	s := w.names[offset:]
	n := strings.IndexByte(s[:min(len(s), maxName+1)], 0)
	if n < 1 {
		return "", fmt.Errorf("name %.20q, want 1 to %d bytes", s, maxName)
	}
	return s[:n], nil
}
