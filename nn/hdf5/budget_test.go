package hdf5

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
)

// manyAttributes is a file whose root has so many attributes, each a list of so many strings of one byte.
func manyAttributes(t testing.TB, attributes, each int) []byte {
	t.Helper()
	e := &encoder{b: make([]byte, superblockSize)}
	list := func(name string) func() {
		return func() {
			e.u8(1, 0)
			e.u16(8, 8, 16)
			e.text(name)
			e.u8(0x10|classString, 0, 0, 0)
			e.u32(1) // byte in a string
			e.dataspace([]int{each})
			e.zeros(each)
		}
	}
	header, err := e.header(func() error {
		if err := e.message(msgSymbolTable, func() { e.u64(0, 0) }); err != nil {
			return err
		}
		for i := range attributes {
			if err := e.message(msgAttribute, list(fmt.Sprintf("%07d\x00", i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tree, heap := len(e.b)+64, len(e.b)
	e.text("HEAP")
	e.u32(0)
	e.u64(8, 1, heap+32, 0)
	e.zeros(24)
	e.text("TREE")
	e.zeros(28)
	binary.LittleEndian.PutUint64(e.b[header+24:], uint64(tree))
	binary.LittleEndian.PutUint64(e.b[header+32:], uint64(heap))
	copy(e.b, e.superblock(place{header: header}))
	return e.b
}

// A list of short strings takes sixteen times the bytes in memory that it has in the file, and an attribute can be read
// again and again.
func TestReadBoundsStrings(t *testing.T) {
	const each = 60_000
	attributes := maxParts / each
	memorytest.Limit(t, 64<<20, func() {
		f, err := open(manyAttributes(t, attributes+1, each))
		if err != nil {
			t.Fatal(err)
		}
		root, err := f.Object("")
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			for i := range attributes {
				if list, ok, err := root.Strings(fmt.Sprintf("%07d", i)); err != nil || !ok || len(list) != each {
					t.Fatalf("%d strings, %v, %v", len(list), ok, err)
				}
			}
		}
		_, _, err = root.Strings(fmt.Sprintf("%07d", attributes))
		if err == nil || !strings.Contains(err.Error(), "more than 1048576 names, attributes and strings in the file") {
			t.Errorf("one list more: %v", err)
		}
	})
}

// A header, and the names of a group, are read once, under whatever names and however often the object is opened.
func TestReadBoundsObjects(t *testing.T) {
	g := &Group{}
	for i := range 500 {
		g.Put(fmt.Sprintf("many/%03d", i), Dataset{nil, []float32{1}})
	}
	f, err := open(encoded(t, g))
	if err != nil {
		t.Fatal(err)
	}
	memorytest.Limit(t, 4<<20, func() {
		for i := range 10_000 {
			if _, err := f.Object(fmt.Sprintf("many/%03d", i%500)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A group that contains itself has paths of any length.
func TestReadRefusesEndlessPath(t *testing.T) {
	g := &Group{}
	g.Group("a")
	b := encoded(t, g)
	f, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	node := strings.LastIndex(string(b), "SNOD") // of the root, which is written last
	binary.LittleEndian.PutUint64(b[node+16:], f.root)
	if f, err = open(b); err != nil {
		t.Fatal(err)
	}
	o, err := f.Object(strings.Repeat("a/", maxDepth))
	if err != nil {
		t.Fatal(err)
	}
	if root, err := f.Object(""); err != nil || root.ID() != o.ID() {
		t.Errorf("the group in itself is %d, want %d (%v)", o.ID(), root.ID(), err)
	}
	if _, err := o.Object("a"); err == nil || !strings.Contains(err.Error(), "groups in more than 64 groups") {
		t.Errorf("one group more: %v", err)
	}
}
