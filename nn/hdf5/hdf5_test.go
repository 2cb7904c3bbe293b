package hdf5

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/sample.h5 (then check it: python testdata/fixtures.py)")

func sample() *Group {
	g := &Group{Strings: map[string]string{"text": "é", "nothing": ""}}
	g.Group("a").Lists = map[string][]string{"names": {"one", "", "thrée"}, "none": nil}
	g.Put("a/b/x", Dataset{[]int{1, 3}, []float32{1, -2, 0.5}})
	g.Put("a/scalar", Dataset{nil, []float32{3}})
	g.Put("a/none", Dataset{[]int{0, 2}, nil})
	g.Group("empty")
	for i := range 20 {
		g.Put(fmt.Sprintf("many/%02d", i), Dataset{nil, []float32{float32(i)}})
	}
	return g
}

func encoded(t testing.TB, g *Group) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(b []byte) (*File, error) { return New(bytes.NewReader(b), int64(len(b)), "f") }

// testdata/fixtures.py reads these bytes with h5py 3.16 on HDF5 2.0.
func TestWriteBytes(t *testing.T) {
	got := encoded(t, sample())
	const path = "testdata/sample.h5"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("wrote %d bytes that differ from the %d of %s (%v)", len(got), len(want), path, err)
	}
}

// describe returns the content of a file, one line per object or error.
func describe(f *File) []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	visits := 0
	var visit func(o *Object)
	visit = func(o *Object) {
		if visits++; visits > 1000 { // a damaged group may contain itself
			return
		}
		for _, m := range o.messages {
			if m.typ == msgAttribute {
				a, _ := parseAttribute(m)
				list, ok, err := o.Strings(a.name)
				say("%s@%s %q %v %v", o.Path(), a.name, list, ok, err)
			}
		}
		if !o.IsGroup() {
			shape, err := o.Shape()
			x, errx := o.Float32()
			say("%s %v %v %v %v", o.Path(), shape, x, err, errx)
		}
		for _, name := range o.Children() {
			child, err := o.Object(name)
			if err != nil {
				say("%s", err)
			} else {
				visit(child)
			}
		}
	}
	root, err := f.Object("")
	if err != nil {
		return []string{err.Error()}
	}
	visit(root)
	return lines
}

func TestWriteReadsBack(t *testing.T) {
	f, err := open(encoded(t, sample()))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`@nothing [""] true <nil>`,
		`@text ["é"] true <nil>`,
		`a@names ["one" "" "thrée"] true <nil>`,
		`a@none [] true <nil>`,
		`a/b/x [1 3] [1 -2 0.5] <nil> <nil>`,
		`a/none [0 2] [] <nil> <nil>`,
		`a/scalar [] [3] <nil> <nil>`,
	}
	for i := range 20 {
		want = append(want, fmt.Sprintf("many/%02d [] [%d] <nil> <nil>", i, i))
	}
	if got := describe(f); !slices.Equal(got, want) {
		t.Errorf("read back\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A group that is too large for a B-tree node of the default size, and a string that is longer than a message of an
// object header.
func TestWriteLarge(t *testing.T) {
	const names = 2*leafK*2*leastInternalK + 1
	g := &Group{Strings: map[string]string{"text": strings.Repeat("x", 1<<17)}}
	for i := range names {
		g.Put(fmt.Sprint(i), Dataset{nil, []float32{float32(i)}})
	}
	f, err := open(encoded(t, g))
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Object("")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(root.Children()); n != names {
		t.Errorf("%d names, want %d", n, names)
	}
	if s, _, err := root.Strings("text"); err != nil || len(s) != 1 || s[0] != g.Strings["text"] {
		t.Errorf("the long string differs (%v)", err)
	}
	for i := range names {
		o, err := root.Object(fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		if x, err := o.Float32(); err != nil || x[0] != float32(i) {
			t.Fatalf("%d: %v, %v", i, x, err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	x := Dataset{nil, []float32{1}}
	for _, c := range []struct {
		group *Group
		want  string
	}{
		{&Group{Groups: map[string]*Group{"a": {}}, Datasets: map[string]Dataset{"a": x}},
			"a: a group and a dataset of this name"},
		{&Group{Datasets: map[string]Dataset{"a/b": x}}, `name "a/b" cannot be used`},
		{&Group{Groups: map[string]*Group{"g": {Datasets: map[string]Dataset{".": x}}}}, `g: name "." cannot be used`},
		{&Group{Datasets: map[string]Dataset{"a": {[]int{2}, []float32{1}}}}, "a: 1 elements, want 2 for shape [2]"},
		{&Group{Datasets: map[string]Dataset{"a": {[]int{-1}, nil}}}, "a: shape [-1]"},
		{&Group{Datasets: map[string]Dataset{"a": {[]int{math.MaxInt, 2}, nil}}}, "overflow"},
		{&Group{Strings: map[string]string{"a": ""}, Lists: map[string][]string{"a": nil}},
			"attribute a: a string and a list"},
		{&Group{Strings: map[string]string{"": ""}}, `attribute name ""`},
		{&Group{Lists: map[string][]string{"a": make([]string, 4096)}}, "attribute a: 65592 bytes, want at most 65528"},
	} {
		var b bytes.Buffer
		err := Write(&b, c.group)
		if err == nil || !strings.HasPrefix(err.Error(), "hdf5: ") || !strings.Contains(err.Error(), c.want) ||
			b.Len() > 0 {
			t.Errorf("error %v with %d bytes written, want none and %q", err, b.Len(), c.want)
		}
	}
}
