package picture

import (
	"bytes"
	"image/color"
	"image/jpeg"
	"io"
	"strings"
	"testing"
)

// A JPEG without its end marker is shown, whatever stands in the place of the marker.
func TestJPEGWithoutEnd(t *testing.T) {
	good := encode(t, func(w io.Writer) error { return jpeg.Encode(w, picture(), nil) })
	progressive := fixture(t, "progressive.jpg")
	for _, file := range [][]byte{good, progressive} {
		want, err := readBytes(file, 28, 28, 3, false)
		if err != nil {
			t.Fatal(err)
		}
		data := file[:len(file)-2]
		for name, end := range map[string][]byte{
			"nothing": nil, "half a marker": {0xff}, "zeros": make([]byte, 5000),
			"both":                   append([]byte{0xff}, make([]byte, 5000)...),
			"more behind the marker": append([]byte{0xff, 0xd9}, "a camera's notes"...),
		} {
			got, err := readBytes(bytes.Join([][]byte{data, end}, nil), 28, 28, 3, false)
			if err != nil {
				t.Errorf("%s at the end: %v", name, err)
			} else if !bytes.Equal(got.Pixels, want.Pixels) {
				t.Errorf("%s at the end: another picture", name)
			}
		}
	}
}

// A JPEG that is cut in its data is refused, and the good rows are said.
func TestJPEGCut(t *testing.T) {
	m := uniform(64, 64, color.Gray{200})
	good := encode(t, func(w io.Writer) error { return jpeg.Encode(w, m, nil) })
	progressive := fixture(t, "progressive.jpg")
	scans := bytes.Split(progressive, []byte{0xff, 0xda})
	beforeLast := bytes.Join(scans[:len(scans)-1], []byte{0xff, 0xda})
	data := bytes.Index(good, []byte{0xff, 0xda}) + 14 // the scan's header has 12 bytes behind its marker
	half := good[:data+(len(good)-data)/2]
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"no data", "truncated jpeg: its data are good up to row 0 of 64", good[:data]},
		{"half of the data", "truncated jpeg: its data are good up to row 32 of 64", half},
		{"half of the data and zeros", "truncated jpeg: its data are good up to row 32 of 64",
			append(bytes.Clone(half), make([]byte, 4096)...)},
		{"a marker too early", "damaged jpeg: its data are good up to row 32 of 64",
			append(bytes.Clone(half), 0xff, 0xd9)},
		{"without the last scan", "which leaves it unfinished", beforeLast},
		{"in the header", "truncated jpeg", good[:30]},
	} {
		if _, err := readBytes(c.file, 8, 8, 1, false); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// JPEGs of kinds that no decoder here reads are refused by their marker.
func TestJPEGKinds(t *testing.T) {
	good := jpegWith(t, 0xfe, []byte("a comment"))
	at := bytes.Index(good, []byte{0xff, 0xc0}) + 1
	for marker, want := range jpegRefusals {
		b := bytes.Clone(good)
		b[at] = marker
		_, err := readBytes(b, 8, 8, 1, false)
		if err == nil || !strings.Contains(err.Error(), want+", which is not supported") {
			t.Errorf("marker %#x: error %v, want one with %q", marker, err, want)
		}
	}
}

// A small file must not make the decoder go over a large picture many times.
func TestJPEGScans(t *testing.T) {
	b := fixture(t, "progressive.jpg")
	at := bytes.LastIndex(b, []byte{0xff, 0xda})
	last := b[at : len(b)-2]
	many := append(bytes.Clone(b[:len(b)-2]), bytes.Repeat(last, maxScans)...)
	if _, err := readBytes(append(many, 0xff, 0xd9), 8, 8, 1, false); err == nil ||
		!strings.Contains(err.Error(), "more than 100 scans") {
		t.Errorf("error %v, want one of more than 100 scans", err)
	}
}
