package hdf5

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
)

// walk reads what is in a file, up to a number of objects and elements, which a damaged file may have many times over.
func walk(o *Object, objects, floats *int) {
	if *objects--; *objects < 0 {
		return
	}
	for _, m := range o.messages {
		if m.typ == msgAttribute {
			a, _ := parseAttribute(m)
			_, _, _ = o.Strings(a.name)
		}
	}
	if !o.IsGroup() {
		if shape, err := o.Shape(); err == nil {
			if n, err := elements(shape, 8); err == nil && n <= *floats {
				*floats -= n
				_, _ = o.Float32()
			}
		}
	}
	for _, name := range o.Children() {
		if child, err := o.Object(name); err == nil {
			walk(child, objects, floats)
		}
	}
}

// withoutFreeSpace cuts off the free space of the global heap, with which the file ends.
func withoutFreeSpace(b []byte) []byte {
	heap := bytes.Index(b, []byte("GCOL"))
	b = b[:heap+96]
	binary.LittleEndian.PutUint64(b[heap+8:], 96)
	binary.LittleEndian.PutUint64(b[40:], uint64(len(b))) // the end of the file
	return b
}

// No file may make the reader panic or take much more memory than it has bytes. What is read must be the same after it
// is written and read again.
func FuzzRead(f *testing.F) {
	// Go cuts down every input that it finds interesting, in all the ways that there are, so that large files would
	// take the time of all others.
	f.Add(manyAttributes(f, 2, 3))
	f.Add(withoutFreeSpace(encoded(f, &Group{Lists: map[string][]string{"s": {"a", "b"}}})))
	for _, t := range [][]byte{float32Type, float16Type, bfloat16Type, opaqueType} {
		f.Add(ofType(f, t, []int{1}, 1))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 2<<10 {
			return
		}
		out := &Group{}
		memorytest.Limit(t, 64*uint64(len(b))+1<<20, func() {
			in, err := open(b)
			if err != nil {
				return
			}
			root, err := in.Object("")
			if err != nil {
				return
			}
			objects, floats := 200, 1<<14
			walk(root, &objects, &floats)
			for _, name := range root.Children() {
				o, err := root.Object(name)
				if err != nil || o.IsGroup() {
					continue
				}
				shape, err := o.Shape()
				if err != nil || len(out.Datasets) == 20 {
					continue
				}
				if x, err := o.Float32(); err == nil {
					out.Put(strings.ReplaceAll(name, "/", "_"), Dataset{shape, x})
				}
			}
		})
		if len(out.Datasets) > 0 {
			expectReadsBack(t, out)
		}
	})
}

func expectReadsBack(t *testing.T, out *Group) {
	t.Helper()
	var again strings.Builder
	if err := Write(&again, out); err != nil {
		if strings.Contains(err.Error(), "cannot be used") {
			return // the reader accepts names that the writer refuses, such as a dot
		}
		t.Fatal(err)
	}
	back, err := open([]byte(again.String()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range out.Datasets {
		o, err := back.Object(name)
		if err != nil {
			t.Fatal(err)
		}
		x, err := o.Float32()
		if err != nil || !slices.EqualFunc(x, want.Data, sameBits) {
			t.Fatalf("%s reads back as %v, want %v (%v)", name, x, want.Data, err)
		}
	}
}

func sameBits(a, b float32) bool {
	return a == b || a != a && b != b
}
