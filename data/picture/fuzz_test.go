package picture

import (
	"bytes"
	"encoding/binary"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"resnet/data/memory/memorytest"
)

// fuzzBudget keeps the pictures small that are decoded, so that thousands of inputs pass in a second.
const fuzzBudget = 1 << 20

// seeds are a picture of every format and way of storing.
func seeds(t testing.TB) [][]byte {
	m := uniform(9, 5, color.NRGBA{200, 100, 50, 90})
	all := [][]byte{
		{},
		pngOf(t, m),
		encode(t, func(w io.Writer) error { return jpeg.Encode(w, m, nil) }),
		encode(t, func(w io.Writer) error { return gif.Encode(w, m, nil) }),
		encode(t, func(w io.Writer) error { return tiff.Encode(w, m, &tiff.Options{Compression: tiff.Deflate}) }),
		bmpFile{header: 40, bits: 1}.encode(whiteBlack(), color.Palette{color.Black, color.White}),
		bmpFile{header: 124, bits: 24, gap: 3}.encode(picture(), nil),
		bigPNG(t, 100_000_000, 1, 8, 0, 0, 0),
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !f.IsDir() {
			all = append(all, fixture(t, f.Name()))
		}
	}
	return all
}

func FuzzReadImage(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := read(section(in), 6, 7, 3, true, fuzzBudget)
		if err == nil && len(got.Pixels) != 6*7*3 {
			t.Fatalf("%d bytes, want %d", len(got.Pixels), 6*7*3)
		}
		if err != nil && strings.Contains(err.Error(), "decoder failed") {
			t.Fatal(err)
		}
	})
}

func FuzzOrientation(f *testing.F) {
	for orientation := range 10 {
		f.Add(exifOf(binary.LittleEndian, orientation))
		f.Add(append([]byte("Exif\x00\x00"), exifOf(binary.BigEndian, orientation)...))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if got := orientationOf(in); got < 0 || got > 8 {
			t.Fatalf("orientation %d, want 0 to 8", got)
		}
	})
}

// No input of the corpus takes much more than the budget for what is decoded.
func TestCorpusMemory(t *testing.T) {
	inputs := seeds(t)
	kept, err := filepath.Glob("testdata/fuzz/FuzzReadImage/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range kept {
		inputs = append(inputs, corpusEntry(t, path))
	}
	for i, in := range inputs {
		// Twice the budget for what is decoded and what decoders throw away, the rest for their fixed tables.
		memorytest.Limit(t, 2*fuzzBudget+1<<20, func() {
			if _, err := read(section(in), 6, 7, 3, true, fuzzBudget); err == nil && len(in) == 0 {
				t.Errorf("input %d: no error for an empty file", i)
			}
		})
	}
}

// corpusEntry reads a []byte that go test keeps.
func corpusEntry(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	s, err := strconv.Unquote(strings.TrimSuffix(strings.TrimPrefix(string(line), "[]byte("), ")"))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return []byte(s)
}
