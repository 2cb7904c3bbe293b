package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// Reads a file that testdata/fixtures.py wrote with h5py.
func TestReadH5py(t *testing.T) {
	f, err := Open("testdata/h5py.h5")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := describe(f)
	for _, want := range []string{
		`@text ["é 3.15"] true <nil>`,
		`@bytes ["{\"x\": 1}"] true <nil>`,
		`@fixed ["abc"] true <nil>`,
		`@variable ["ab" "" "cde"] true <nil>`,
		`@fixed list ["ab" "cde"] true <nil>`,
		`@none [] true <nil>`,
		`@number [] false hdf5: testdata/h5py.h5: /: attribute number: datatype of class 1, want strings`,
		`@filler11 ["xxxxxxxxxxx"] true <nil>`,
		`a/b/float32 [2 3] [0 1 2 3 4 5] <nil> <nil>`,
		`a/b/float64 [2] [0.1 -2] <nil> <nil>`,
		`scalar [] [3] <nil> <nil>`,
		`empty [0 3] [] <nil> <nil>`,
		`integers [3] [] <nil> hdf5: testdata/h5py.h5: integers: datatype is integers of 8 bytes, ` +
			`want little-endian float16, bfloat16, float32 or float64`,
		`big-endian [3] [] <nil> hdf5: testdata/h5py.h5: big-endian: datatype is big-endian floats ` +
			`of 4 bytes, want little-endian float16, bfloat16, float32 or float64`,
		`chunked [8] [] <nil> hdf5: testdata/h5py.h5: chunked: ` +
			`layout class 2, want 0 or 1: elements in one piece (chunked or compressed?)`,
		`hdf5: testdata/h5py.h5: soft: a soft link, want the object itself`,
		`many/0 [] [3] <nil> <nil>`,
		`many/199 [] [3] <nil> <nil>`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no line %s in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if o, err := f.Object("a/b/float32"); err != nil || o.IsGroup() || o.Has("x") {
		t.Errorf("a/b/float32: %v, group %v", err, o.IsGroup())
	}
	if _, err := f.Object("a/c/d"); err == nil || !strings.Contains(err.Error(), "no a/c (there are 1 other names)") {
		t.Errorf("a path that is not there: %v", err)
	}
	a, err := f.Object("a")
	if err != nil {
		t.Fatal(err)
	}
	if !a.Has("b") || !slices.Equal(a.Children(), []string{"b"}) {
		t.Errorf("a has %q", a.Children())
	}
	if _, ok, err := a.Strings("none"); ok || err != nil {
		t.Errorf("an attribute that is not there: %v, %v", ok, err)
	}
	if _, err := a.Float32(); err == nil || !strings.Contains(err.Error(), "a group?") {
		t.Errorf("the elements of a group: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	const want = `superblock version 3, want 0 or 1 (written with libver="latest"?)`
	if _, err := Open("testdata/latest.h5"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a file of libver latest: %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Open("/nowhere"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// Each case damages one part of a small file.
func TestReadRefuses(t *testing.T) {
	g := &Group{Strings: map[string]string{"s": "text"}}
	g.Put("x", Dataset{[]int{2}, []float32{1, 2}})
	whole := encoded(t, g)
	find := func(s string) int {
		i := strings.Index(string(whole), s)
		if i < 0 {
			t.Fatalf("no %q in the file", s)
		}
		return i
	}
	// A message starts with its type and size.
	layout, space := find("\x08\x00\x18\x00"), find("\x01\x00\x10\x00")
	root, attribute := find("\x11\x00\x10\x00")-16, find("\x0c\x00\x40\x00")
	for _, c := range []struct {
		name string
		at   int
		put  string
		want string
	}{
		{"signature", 0, "x", "no HDF5 signature"},
		{"size of addresses", 13, "\x04", "addresses of 4 and lengths of 8"},
		{"base address", 24, "\x01", "base address 1"},
		{"end of the file", 43, "\x01", "want 16782568 (truncated?)"},
		{"root behind the end", 64, "\xff\xff\xff", "/: object header: 16 bytes at 16777215"},
		{"header version", root, "\x02", "/: object header: version 2, want 1"},
		{"number of messages", root + 2, "\x09", "2 messages, want 9"},
		{"size of the header", root + 8, "\xff\xff\xff\xff", "object header: 4294967295 bytes at"},
		{"size of a message", root + 18, "\xf8\xff", "message 0: 65528 bytes"},
		{"no symbol table", root + 16, "\x00", "no datatype (a group?)"},
		{"newer group", root + 16, "\x02", "a group in the newer style"},
		{"heap signature", find("HEAP"), "x", `local heap: signature "xEAP"`},
		{"heap size", find("HEAP") + 8, "\xff\xff\xff\xff", "local heap: 4294967295 bytes at"},
		{"tree signature", find("TREE"), "x", `tree of names: node at`},
		{"tree that contains itself", find("TREE") + 5, "\x01", "level 0, want"},
		{"tree of many", find("TREE") + 6, "\xff\xff", "tree of names: 1048568 bytes at"},
		{"symbol node", find("SNOD"), "x", `signature "xNOD", version 1`},
		{"number of symbols", find("SNOD") + 6, "\x02", "want 1 to 1023 bytes"},
		{"place of a name", find("SNOD") + 8, "\xff\xff", "name at 65535 of"},
		{"attribute version", attribute + 8, "\x04", "version 4, flags 0"},
		{"size of a name", attribute + 10, "\xff\xff", "parts of [65535 20 8] bytes"},
		{"heap of strings", find("GCOL"), "x", `global heap: signature "xCOL"`},
		{"size of the global heap", find("GCOL") + 8, "\xff\xff\xff", "global heap: 16777199 bytes at"},
		{"small global heap", find("GCOL") + 8, "\x08\x00", "8 bytes, want at least 16"},
		{"size of a string", find("GCOL") + 24, "\xff\xff", "an object ends behind the heap"},
		{"number of a string", find("GCOL") + 16, "\x07", "object 1 of the global heap has 0"},
		{"rank", space + 9, "\x20", "dataspace of rank 32 cut short"},
		{"more dimensions", space + 9, "\x21", "dataspace of rank 33, want at most 32"},
		{"extent", space + 16, "\x03", "8 bytes, want 12 for shape [3]"},
		{"overflow", space + 16, "\xff\xff\xff\xff\xff\xff\xff\x7f", "no overflow"},
		{"negative extent", space + 16, "\xff\xff\xff\xff\xff\xff\xff\xff", "extent of 18446744073709551615"},
		{"layout version", layout + 8, "\x02", "layout version 2"},
		{"place of the elements", layout + 10, "\xff\xff\xff", "x: 8 bytes at"},
		{"unwritten", layout + 10, "\xff\xff\xff\xff\xff\xff\xff\xff", "elements were never written"},
	} {
		b := slices.Clone(whole)
		copy(b[c.at:], c.put)
		f, err := open(b)
		var text string
		if err != nil {
			text = err.Error()
		} else {
			text = strings.Join(describe(f), "\n")
		}
		if !strings.Contains(text, c.want) || !strings.Contains(text, "hdf5: f: ") {
			t.Errorf("%s: %s\nwant an error with %q", c.name, text, c.want)
		}
	}
	for n := range whole {
		if _, err := open(whole[:n]); err == nil {
			t.Errorf("the first %d bytes open as a file", n)
		}
	}
}

// opaqueType is what h5py makes of NumPy's bfloat16.
var opaqueType = append([]byte{0x15, 0, 0, 0, 2, 0, 0, 0}, make([]byte, 12)...)

// ofType is a file with the dataset x whose elements have another type than float32, but the same bytes: those of one
// float32.
func ofType(t testing.TB, datatype []byte, shape []int, bytesOfX float32) []byte {
	t.Helper()
	ones := make([]int, len(shape))
	for i := range ones {
		ones[i] = 1
	}
	g := &Group{}
	g.Put("x", Dataset{ones, []float32{bytesOfX}})
	b := bytes.Replace(encoded(t, g), float32Type, datatype, 1)
	space := bytes.Index(b, append([]byte{1, byte(len(shape))}, make([]byte, 6)...))
	for i, n := range shape {
		binary.LittleEndian.PutUint64(b[space+8+8*i:], uint64(n))
	}
	return b
}

// Types of 16 bits: 1 and -2 in each of them.
func TestReadHalves(t *testing.T) {
	for name, c := range map[string]struct {
		datatype []byte
		bits     uint32
	}{
		"float16":         {float16Type, 0xc000_3c00},
		"bfloat16":        {bfloat16Type, 0xc000_3f80},
		"opaque bfloat16": {opaqueType, 0xc000_3f80},
	} {
		f, err := open(ofType(t, c.datatype, []int{1, 2}, math.Float32frombits(c.bits)))
		if err != nil {
			t.Fatal(err)
		}
		o, err := f.Object("x")
		if err != nil {
			t.Fatal(err)
		}
		if x, err := o.Float32(); err != nil || !slices.Equal(x, []float32{1, -2}) {
			t.Errorf("%s: %v, %v, want 1 and -2", name, x, err)
		}
	}
}

// Small files with overlapping parts, which would take long to read. In a valid file parts do not overlap, so their
// total size is limited to that of the file.
func TestReadRefusesOverlap(t *testing.T) {
	// A string that looks like a global heap of 4000 bytes, to which the second string refers.
	inner := "GCOL\x01\x00\x00\x00\xa0\x0f\x00\x00\x00\x00\x00\x00"
	heaps := encoded(t, &Group{Lists: map[string][]string{"s": {inner, "x"}}})
	_, second := elementsOf(t, heaps, len(inner))
	binary.LittleEndian.PutUint64(second[4:], uint64(bytes.Index(heaps, []byte(inner))))

	// The second and the third string refer to the first.
	long := strings.Repeat("x", 3000)
	repeated := encoded(t, &Group{Lists: map[string][]string{"s": {long, "y", "z"}}})
	first, second := elementsOf(t, repeated, len(long))
	copy(second, first)
	copy(second[16:], first)

	// The first message of an object header continues it at its own start.
	endless := encoded(t, &Group{})
	root := bytes.Index(endless, []byte("\x11\x00\x10\x00")) - 16
	endless[root+2], endless[root+3], endless[root+16] = 0xff, 0xff, msgContinuation
	binary.LittleEndian.PutUint64(endless[root+24:], uint64(root+16))
	binary.LittleEndian.PutUint64(endless[root+32:], 24)

	for want, b := range map[string][]byte{
		"global heap: headers and names of more than 4912 bytes":   heaps,
		"strings of more than 4928 bytes":                          repeated,
		"object header: headers and names of more than 4816 bytes": endless,
	} {
		f, err := open(b)
		if err != nil {
			t.Fatal(err)
		}
		root, err := f.Object("")
		if err == nil {
			_, _, err = root.Strings("s")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// elementsOf finds the elements of the only list, by the length of its first string.
func elementsOf(t *testing.T, b []byte, length int) (first, rest []byte) {
	t.Helper()
	element := binary.LittleEndian.AppendUint32(nil, uint32(length))
	element = binary.LittleEndian.AppendUint64(element, uint64(bytes.Index(b, []byte("GCOL"))))
	i := bytes.Index(b, element)
	if i < 0 {
		t.Fatalf("no element of a string of %d bytes", length)
	}
	return b[i : i+16], b[i+16:]
}
