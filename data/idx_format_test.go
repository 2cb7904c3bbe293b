package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func zip(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func header(words ...uint32) []byte {
	var b []byte
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

func ramp(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

// images is the content of an IDX file of images.
type images struct {
	n, h, w int
	pixels  []byte
}

func (im images) file() []byte {
	return append(header(magicImages, uint32(im.n), uint32(im.h), uint32(im.w)), im.pixels...)
}

func readImages(r io.Reader) (images, error) {
	x, err := readIDX(r, magicImages, limits{room: newRoom()})
	if err != nil {
		return images{}, err
	}
	return images{x.dims[0], x.dims[1], x.dims[2], x.content()}, nil
}

func readLabels(r io.Reader) ([]byte, error) {
	x, err := readIDX(r, magicLabels, limits{room: newRoom()})
	if err != nil {
		return nil, err
	}
	return x.content(), nil
}

func TestImagesRoundTrip(t *testing.T) {
	for _, im := range []images{
		{1, 1, 1, []byte{9}},
		{3, 5, 4, ramp(60)},
		{300, 28, 28, ramp(300 * 784)}, // several growth steps when the size is not known
	} {
		plain := im.file()
		for name, r := range map[string]io.Reader{
			"plain":        bytes.NewReader(plain),
			"gzip":         bytes.NewReader(zip(t, plain)),
			"plain stream": iotest.OneByteReader(bytes.NewReader(plain)), // no Len: growth by doubling
			"gzip stream":  iotest.HalfReader(bytes.NewReader(zip(t, plain))),
		} {
			got, err := readImages(r)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got.n != im.n || got.h != im.h || got.w != im.w || !bytes.Equal(got.pixels, im.pixels) {
				t.Errorf("%s: %dx%dx%d read back as %dx%dx%d or with other pixels",
					name, im.n, im.h, im.w, got.n, got.h, got.w)
			}
		}
	}
}

func TestLabelsRoundTrip(t *testing.T) {
	want := []byte{0, 9, 3, 255}
	path := filepath.Join(t.TempDir(), "labels")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(header(magicLabels, uint32(len(want))), want...)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	got, err := readLabels(f)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
}

func TestReadIDXRefuses(t *testing.T) {
	good := append(header(magicImages, 2, 2, 3), ramp(12)...)
	flipped := zip(t, good)
	flipped[len(flipped)-6] ^= 1 // in gzip's CRC
	for _, c := range []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "truncated: 0 bytes, want 4"},
		{"one byte", good[:1], "truncated: 1 bytes"},
		{"half a header", good[:10], "truncated: 10 bytes, want 16"},
		{"a labels file", append(header(magicLabels, 3), 1, 2, 3), "magic 0x00000801, want 0x00000803 (labels file"},
		{"a web page", []byte("<!DOCTYPE html>"), "web page"},
		{"a zip", []byte("PK\x03\x04 and so on"), "zip archive"},
		{"floats", append(header(0x0d03, 1, 1, 1), 0, 0, 0, 0), "not unsigned bytes"},
		{"noise", []byte("abcdefghijklmnopqrst"), "not an IDX file"},
		{"no images", header(magicImages, 0, 28, 28), "dimension 1 of 3 is 0"},
		{"no rows", header(magicImages, 1, 0, 28), "dimension 2 of 3 is 0"},
		{"no columns", header(magicImages, 1, 28, 0), "dimension 3 of 3 is 0"},
		{"truncated", good[:len(good)-1], "truncated: 27 bytes, want 28"},
		{"truncated, gzip", zip(t, good[:len(good)-1]), "truncated: 27 bytes, want 28"},
		{"cut gzip", zip(t, good)[:20], "truncated"},
		{"gzip without its end", zip(t, good)[:len(zip(t, good))-3], "bad end of the gzip data"},
		{"trailing", append(good[:len(good):len(good)], 0), "29 bytes, want 28"},
		{"trailing, gzip", zip(t, append(good[:len(good):len(good)], 0)), "more than the 28 bytes"},
		{"garbage after gzip", append(zip(t, good), "garbage.."...), "bad end of the gzip data"},
		{"gzip checksum", flipped, "checksum"},
		{"gzip header only", []byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, "damaged gzip"},
		{"product overflows", header(magicImages, 1<<31, 1<<31, 1<<31), "announces more than"},
		{"absurd size", header(magicImages, 1<<20, 64, 64), "truncated: 16 bytes, want 4294967312"},
		{"absurd size, gzip", zip(t, header(magicImages, 1<<20, 64, 64)), "compressed bytes can hold"},
	} {
		_, err := readImages(bytes.NewReader(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	_, err := readLabels(bytes.NewReader(good))
	if err == nil || !strings.Contains(err.Error(), "images file in place") {
		t.Errorf("images read as labels: %v", err)
	}
}

// A header may announce gigabytes; what is allocated must follow what arrives.
func TestReadIDXAllocatesWhatArrives(t *testing.T) {
	claim := append(header(magicImages, 1<<20, 64, 64), ramp(1000)...) // 4 GiB announced, 1000 bytes there
	bomb := zip(t, append(header(magicImages, 4, 2, 2), make([]byte, 8<<20)...))
	for name, r := range map[string]io.Reader{
		"plain stream": io.MultiReader(bytes.NewReader(claim)),
		"gzip stream":  io.MultiReader(bytes.NewReader(zip(t, claim))),
		"bomb":         bytes.NewReader(bomb),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readImages(r)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		// 64 KiB of buffer, 64 KiB of content and gzip's window; 1 MiB leaves room for the runtime's own.
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
			t.Errorf("%s: allocated %d bytes for it", name, got)
		}
	}
}

func FuzzIDX(f *testing.F) {
	good := append(header(magicImages, 2, 2, 3), ramp(12)...)
	for _, seed := range [][]byte{good, zip(f, good), append(header(magicLabels, 2), 1, 2), good[:9],
		header(magicImages, 1<<31, 1<<31, 1<<31)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		im, err := readImages(bytes.NewReader(in))
		if err == nil {
			if im.n < 1 || im.h < 1 || im.w < 1 || len(im.pixels) != im.n*im.h*im.w {
				t.Fatalf("%d bytes read as %dx%dx%d", len(im.pixels), im.n, im.h, im.w)
			}
			if in[0] == 0 && !bytes.Equal(im.file(), in) {
				t.Fatal("a plain file is not written back as it was read")
			}
		}
		// Knowing the size beforehand may change the message, never the verdict.
		_, streamed := readImages(io.MultiReader(bytes.NewReader(in)))
		if (err == nil) != (streamed == nil) {
			t.Fatalf("with known size %v, streamed %v", err, streamed)
		}
		if labels, err := readLabels(bytes.NewReader(in)); err == nil && len(labels) == 0 {
			t.Fatal("no labels and no error")
		}
	})
}
