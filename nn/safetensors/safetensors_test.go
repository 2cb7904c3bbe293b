package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
)

// file returns a file with the given header and data.
func file(header, data string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func open(b []byte) (*File, error) {
	return New(bytes.NewReader(b), int64(len(b)), "f")
}

func sample() ([]Tensor, map[string]string) {
	return []Tensor{
		{"b", U8, []int{3}, []byte{1, 2, 3}},
		{"é\"<", F32, []int{1, 2}, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}}, // 1, -2
		{"a", F64, nil, []byte{0, 0, 0, 0, 0, 0, 0xe0, 0x3f}},               // 0.5
		{"none", I32, []int{0, 7}, nil},
	}, map[string]string{"format": "pt", "k": "line\n\"quoted\""}
}

func TestWriteReadsBack(t *testing.T) {
	tensors, meta := sample()
	var buf bytes.Buffer
	if err := Write(&buf, tensors, meta); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, want := range tensors {
		info, ok := f.Lookup(want.Name)
		got, err := f.Read(want.Name)
		if !ok || err != nil || !bytes.Equal(got, want.Data) || info.DType != want.DType ||
			!slices.Equal(info.Shape, want.Shape) {
			t.Errorf("%s: %v %v %v, want %v", want.Name, info, got, err, want)
		}
		if (f.data+info.Offset)%int64(want.DType.Size()) != 0 {
			t.Errorf("%s is not aligned: offset %d", want.Name, f.data+info.Offset)
		}
	}
	if len(f.Metadata) != 2 || f.Metadata["k"] != meta["k"] {
		t.Errorf("metadata %v, want %v", f.Metadata, meta)
	}
	if x, err := f.Float32("é\"<"); err != nil || !slices.Equal(x, []float32{1, -2}) {
		t.Errorf("floats %v, %v, want 1, -2", x, err)
	}
	if _, err := f.Float32("b"); err == nil || !strings.Contains(err.Error(), "b: dtype U8") {
		t.Errorf("bytes as floats: %v", err)
	}
}

// testdata/check.py reads these bytes with Python's safetensors 0.8.
func TestWriteBytes(t *testing.T) {
	tensors, meta := sample()
	const header = `{"__metadata__":{"format":"pt","k":"line\n\"quoted\""},` +
		`"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},` +
		`"none":{"dtype":"I32","shape":[0,7],"data_offsets":[8,8]},` +
		`"é\"\u003c":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},` +
		`"b":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}`
	padded := header + strings.Repeat(" ", 7-(len(header)+7)%8)
	want := file(padded, "\x00\x00\x00\x00\x00\x00\xe0\x3f"+"\x00\x00\x80\x3f\x00\x00\x00\xc0"+"\x01\x02\x03")
	var buf bytes.Buffer
	if err := Write(&buf, tensors, meta); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(buf.Bytes(), want) {
		t.Errorf("wrote\n%q, want\n%q", buf.Bytes(), want)
	}
	slices.Reverse(tensors)
	var again bytes.Buffer
	if err := Write(&again, tensors, meta); err != nil || !bytes.Equal(again.Bytes(), want) {
		t.Errorf("the order given shows in the file (%v)", err)
	}
	fixture, err := os.ReadFile("testdata/sample.safetensors")
	if err != nil || !bytes.Equal(fixture, want) {
		t.Errorf("testdata/sample.safetensors differs (%v)", err)
	}
}

func TestReadRefuses(t *testing.T) {
	const u8 = `{"dtype":"U8","shape":[2],"data_offsets":[0,2]}`
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "too short"},
		{"short", []byte("1234567"), "too short"},
		{"text", []byte("not a safetensors file"), "want at most 100000000"},
		{"truncated header", file(`{"a":`+u8+`}`, "xx")[:30], "truncated"},
		{"no object", file(`[]`, ""), "does not start with {"},
		{"bad UTF-8", file("{\"\xff\":"+u8+"}", "xx"), "not UTF-8"},
		{"cut JSON", file(`{"a":`, ""), "a: unexpected EOF"},
		{"trailing JSON", file(`{"a":`+u8+`}{}`, "xx"), "2 bytes after"},
		{"duplicate tensor", file(`{"a":`+u8+`,"a":`+u8+`}`, "xx"), "a: duplicate key"},
		{"duplicate by escape", file(`{"a":`+u8+`,"\u0061":`+u8+`}`, "xx"), "a: duplicate key"},
		{"duplicate field", file(`{"a":{"dtype":"U8","dtype":"I8","shape":[2],"data_offsets":[0,2]}}`, "xx"),
			"a: dtype: duplicate key"},
		{"duplicate metadata", file(`{"__metadata__":{"k":"1","k":"2"}}`, ""), "k: duplicate key"},
		{"metadata of numbers", file(`{"__metadata__":{"k":1}}`, ""), "k: 1, want a string"},
		{"metadata of nothing", file(`{"__metadata__":{"k":null}}`, ""), "k: null, want a string"},
		{"tensor of nothing", file(`{"a":null}`, ""), "a: null, want {"},
		{"bare comma", file(`{"a":`+u8+`,}`, "xx"), "}, want a string"},
		{"comma missing", file(`{"a":`+u8+`"b":`+u8+`}`, "xx"), `", want ,`},
		{"colon missing", file(`{"a"`+u8+`}`, "xx"), "{, want :"},
		{"line in a string", file("{\"a\n\":"+u8+"}", "xx"), "character '\\n' in a string"},
		{"bad escape", file(`{"\x":`+u8+`}`, "xx"), "invalid character 'x' in string escape"},
		{"leading zero", file(`{"a":{"dtype":"U8","shape":[02],"data_offsets":[0,2]}}`, "xx"), "number 02, want"},
		{"nested", file(`{"a":`+strings.Repeat("[", 1<<20), ""), "a: [, want {"},
		{"nested shape", file(`{"a":{"dtype":"U8","shape":`+strings.Repeat("[", 1<<20), ""), "shape: [, want a number"},
		{"dimensions", file(`{"a":{"dtype":"U8","shape":[`+strings.Repeat("1,", 100)+`1]}}`, ""),
			"more than 64 numbers"},
		{"long name", file(`{"`+strings.Repeat("n", 1<<20)+`":1}`, ""), strings.Repeat("n", 100) + "…: 1, want {"},
		{"escape sequence", file(`{"\u001b[2J":1}`, ""), `"\x1b[2J": 1, want {`},
		{"missing field", file(`{"a":{"dtype":"U8","shape":[2]}}`, "xx"), "a: 2 fields"},
		{"unknown field", file(`{"a":{"dtype":"U8","shape":[2],"offsets":[0,2]}}`, "xx"), `field "offsets"`},
		{"unknown dtype", file(`{"a":{"dtype":"F8","shape":[2],"data_offsets":[0,2]}}`, "xx"),
			`a: dtype "F8" is not known`},
		{"negative shape", file(`{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}`, "xx"), "number -2, want"},
		{"fraction", file(`{"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}}`, "xx"), "number 2.0, want"},
		{"backwards", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}`, "xx"), "data_offsets [2 0]"},
		{"wrong size", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,2]}}`, "xx"),
			"span 2 bytes, want 8 for F32 [2]"},
		{"overflow", file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,2]}}`, "xx"),
			"overflows"},
		{"hole", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, "xx"), "a: starts at 1, want 0 (hole"},
		{"overlap", file(`{"a":`+u8+`,"b":`+u8+`}`, "xx"), "b: starts at 0, want 2 (overlaps"},
		{"data missing", file(`{"a":`+u8+`}`, "x"), "a: ends at 2, but the file holds 1"},
		{"trailing data", file(`{"a":`+u8+`}`, "xxx"), "3 bytes of data, want 2"},
	} {
		_, err := open(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.HasPrefix(err.Error(), "safetensors: f: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	for _, header := range []string{`{}  `, `{"__metadata__":null}`, "{ \"__metadata__\" :\n{\t} }"} {
		if f, err := open(file(header, "")); err != nil || len(f.Metadata) > 0 {
			t.Errorf("a file without tensors, %s: %v", header, err)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Open("/nowhere"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	for want, tensors := range map[string][]Tensor{
		"two tensors":       {{"a", U8, nil, []byte{1}}, {"a", F32, nil, make([]byte, 4)}},
		"cannot be used":    {{"__metadata__", U8, nil, []byte{1}}},
		`name "\xff"`:       {{"\xff", U8, nil, []byte{1}}},
		"a: 3 bytes, want":  {{"a", F32, []int{1}, make([]byte, 3)}},
		"negative":          {{"a", F32, []int{-1}, nil}},
		`dtype "F7" is not`: {{"a", "F7", []int{1}, nil}},
	} {
		var buf bytes.Buffer
		if err := Write(&buf, tensors, nil); err == nil || !strings.Contains(err.Error(), want) || buf.Len() > 0 {
			t.Errorf("error %v with %d bytes written, want none and %q", err, buf.Len(), want)
		}
	}
}

func TestFloat32Converts(t *testing.T) {
	f, err := open(file(`{"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},`+
		`"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]},`+
		`"h":{"dtype":"F16","shape":[1],"data_offsets":[10,12]}}`,
		"\x9a\x99\x99\x99\x99\x99\xb9\x3f"+"\x20\xc0"+"\x00\x35"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float32{"d": 0.1, "b": -2.5, "h": 0.3125} {
		if x, err := f.Float32(name); err != nil || x[0] != want {
			t.Errorf("%s: %v, %v, want %g", name, x, err, want)
		}
	}
}

func TestDigest(t *testing.T) {
	tensors, _ := sample()
	want := Digest(tensors, "x")
	slices.Reverse(tensors)
	if Digest(tensors, "x") != want {
		t.Error("the order given shows in the digest")
	}
	if Digest(tensors, "y") == want || Digest(tensors) == want {
		t.Error("the strings do not count")
	}
	tensors[0].Shape = []int{7, 0}
	if Digest(tensors, "x") == want {
		t.Error("shapes do not count")
	}
}

// TestHeaderMemory: a header takes a few times its size in memory, and what maxKeys names take, whatever it says. A
// fuzzer would never make one that is large.
func TestHeaderMemory(t *testing.T) {
	many := func(entry string) string {
		var b strings.Builder
		for i := range maxKeys + 1 {
			fmt.Fprintf(&b, entry, i)
		}
		return b.String()
	}
	for name, header := range map[string]string{
		"tensors":       `{` + many(`"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},`) + `"":null}`,
		"metadata":      `{"__metadata__":{` + many(`"%d":"",`) + `"":""}}`,
		"shapes":        `{"a":{"dtype":"U8","shape":[` + many("0%.0d,") + `0],"data_offsets":[0,0]}}`,
		"a long value":  `{"__metadata__":{"k":"` + strings.Repeat("v", 8<<20) + `"}}`,
		"a long escape": `{"__metadata__":{"k":"` + strings.Repeat(`\n`, 4<<20) + `"}}`,
	} {
		in := file(header, "")
		memorytest.Limit(t, 6*uint64(len(in))+128<<20, func() {
			if _, err := open(in); err != nil && len(err.Error()) > 1000 {
				t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
			}
		})
	}
}

// TestFloat32Memory: elements are read in pieces, into nothing but the result.
func TestFloat32Memory(t *testing.T) {
	const n = 4 << 20
	tensors := []Tensor{{"t", F32, []int{n}, make([]byte, 4*n)}}
	want := Digest(tensors)
	var b bytes.Buffer
	if err := Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	f, err := open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	memorytest.Limit(t, 4*n+1<<20, func() {
		if _, err := f.Float32("t"); err != nil {
			t.Error(err)
		}
	})
	memorytest.Limit(t, 1<<20, func() {
		if got, err := f.Digest(); err != nil || got != want {
			t.Errorf("digest %s, %v, want %s", got, err, want)
		}
	})
}

// No file may make the reader panic or take much memory. What it accepts must be the same after it is written and read
// again.
func FuzzRead(f *testing.F) {
	tensors, meta := sample()
	var buf bytes.Buffer
	if err := Write(&buf, tensors, meta); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add(file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "xx"))
	f.Add(file(`{"a":{"dtype":"F16","shape":[0,18446744073709551615],"data_offsets":[0,0]}}`, ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		var in *File
		var err error
		memorytest.Limit(t, 64*uint64(len(b))+1<<20, func() { in, err = open(b) })
		if err != nil {
			return
		}
		all, err := in.All()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := Write(&out, all, in.Metadata); err != nil {
			t.Fatal(err)
		}
		again, err := open(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		back, err := again.All()
		if err != nil || Digest(back) != Digest(all) {
			t.Fatalf("read back differs (%v)", err)
		}
		if digest, err := in.Digest(); err != nil || digest != Digest(all) {
			t.Fatalf("digest %s, %v, want %s", digest, err, Digest(all))
		}
	})
}
