package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"resnet/data/memory"
	"resnet/data/memory/memorytest"
)

func gzipped(t testing.TB, b []byte) []byte {
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
	x, err := readIDX(r, magicImages, limits{room: &room{left: 1 << 33}})
	if err != nil {
		return images{}, err
	}
	return images{x.dims[0], x.dims[1], x.dims[2], x.content()}, nil
}

func readLabels(r io.Reader) ([]int32, error) {
	x, err := readIDX(r, magicLabels, limits{room: &room{left: 1 << 33}})
	if err != nil {
		return nil, err
	}
	return x.labels, nil
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
			"gzip":         bytes.NewReader(gzipped(t, plain)),
			"plain stream": iotest.OneByteReader(bytes.NewReader(plain)), // no Len: growth by doubling
			"gzip stream":  iotest.HalfReader(bytes.NewReader(gzipped(t, plain))),
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
	if err != nil || !slices.Equal(got, widened(want)) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
}

func TestReadIDXRefuses(t *testing.T) {
	good := append(header(magicImages, 2, 2, 3), ramp(12)...)
	flipped := gzipped(t, good)
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
		{"floats, gzip", gzipped(t, append(header(0x0d03, 32, 28, 28), 0, 0)), "32-bit floats, 3 dimensions: 32x28x28"},
		{"doubles", header(0x0e03, 1, 2, 3), "64-bit floats, 3 dimensions: 1x2x3"},
		{"16 bits", header(0x0b03, 1, 2, 3), "16-bit integers"},
		{"32 bits", header(0x0c03, 1, 2, 3), "32-bit integers"},
		{"signed", header(0x0903, 1, 2, 3), "signed bytes"},
		{"flat", header(0x0802, 32, 784), "unsigned bytes, 2 dimensions: 32x784; not unsigned bytes of 3: images, " +
			"rows and columns, say 32x28x28"},
		{"flat, not square", header(0x0802, 32, 7), "2 dimensions: 32x7; not unsigned bytes of 3)"},
		{"four dimensions", header(0x0804, 1, 2, 3, 4), "4 dimensions"},
		{"255 dimensions", header(0x08ff, 1, 2, 3), "255 dimensions"},
		{"many dimensions, cut", header(0x0804), "4 dimensions"},
		{"unknown type", header(0x0703, 1, 2, 3), "not an IDX file"},
		{"little-endian", []byte{3, 8, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}, "reverse order; IDX is big-endian"},
		{"little-endian sizes", header(magicImages, 0x60ea0000, 0x1c000000, 0x1c000000), "in little-endian order"},
		{"NumPy", []byte("\x93NUMPY\x01\x00"), "NumPy"},
		{"bzip2", []byte("BZh91AY&SY"), "bzip2 file; unpack"},
		{"xz", []byte("\xfd7zXZ\x00"), "xz file; unpack"},
		{"gzip twice", gzipped(t, gzipped(t, good)), "gzip data within gzip data"},
		{"a zip called .gz", []byte("PK\x03\x04\x14\x00"), "a zip archive; unpack it first"},
		{"noise", []byte("abcdefghijklmnopqrst"), "not an IDX file"},
		{"no images", header(magicImages, 0, 28, 28), "dimension 1 of 3 is 0"},
		{"no rows", header(magicImages, 1, 0, 28), "dimension 2 of 3 is 0"},
		{"no columns", header(magicImages, 1, 28, 0), "dimension 3 of 3 is 0"},
		{"truncated", good[:len(good)-1], "truncated: 27 bytes, want 28"},
		{"truncated, gzip", gzipped(t, good[:len(good)-1]), "truncated: 27 bytes, want 28"},
		{"cut gzip", gzipped(t, good)[:20], "truncated"},
		{"gzip without its end", gzipped(t, good)[:len(gzipped(t, good))-3], "bad end of the gzip data"},
		{"trailing", append(good[:len(good):len(good)], 0), "29 bytes, want 28"},
		{"trailing, gzip", gzipped(t, append(good[:len(good):len(good)], 0)), "more than the 28 bytes"},
		{"two files in one gzip", append(gzipped(t, good), gzipped(t, good)...), "more than the 28 bytes"},
		{"garbage after gzip", append(gzipped(t, good), "garbage.."...), "bad end of the gzip data"},
		{"gzip checksum", flipped, "checksum"},
		{"gzip header only", []byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, "damaged gzip"},
		{"product overflows", header(magicImages, 1<<31, 1<<31, 1<<31), "announces more than"},
		{"more than can be numbered", header(magicImages, 1<<31, 1, 1), "2147483648 images or labels, want at most"},
		{"absurd size", header(magicImages, 1<<20, 64, 64), "truncated: 16 bytes, want 4294967312"},
		{"absurd size, gzip", gzipped(t, header(magicImages, 1<<20, 64, 64)), "compressed bytes can hold"},
	} {
		_, err := readImages(bytes.NewReader(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	for _, c := range []struct {
		name string
		in   []byte
		want string
	}{
		{"images", good, "images file in place of labels? unsigned bytes, 2x2x3"},
		{"QMNIST's, of 3 columns", header(magicQMNIST, 2, 3), "32-bit integers, 2 dimensions: 2x3; not unsigned bytes"},
		{"QMNIST's, cut", qmnist([]int32{1, 2})[:70], "truncated: 70 bytes, want 76"},
		{"QMNIST's, absurd", append(qmnist([]int32{1})[:12], append([]byte{0, 16, 0, 0}, make([]byte, 28)...)...),
			"label 1048576 of image 0, want 0 to 1048575"},
		{"QMNIST's, negative", append(qmnist([]int32{1})[:12], append([]byte{255, 0, 0, 0}, make([]byte, 28)...)...),
			"label -16777216 of image 0"},
		{"32 bits", append(header(0x0c01, 1), 0, 0, 0, 1), "32-bit integers, 1 dimension: 1; not unsigned bytes of 1"},
	} {
		_, err := readLabels(bytes.NewReader(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("labels, %s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	// QMNIST's numbers are those of labels only.
	_, err := readImages(bytes.NewReader(qmnist([]int32{1, 2})))
	if err == nil || !strings.Contains(err.Error(), "32-bit integers, 2 dimensions: 2x8") {
		t.Errorf("QMNIST's labels read as images: %v", err)
	}
}

// Several gzip members are one stream, as gzip has it.
func TestReadIDXOfSeveralMembers(t *testing.T) {
	good := append(header(magicImages, 2, 2, 3), ramp(12)...)
	got, err := readImages(bytes.NewReader(append(gzipped(t, good[:9]), gzipped(t, good[9:])...)))
	if err != nil || !bytes.Equal(got.pixels, ramp(12)) {
		t.Errorf("%v, %v", got, err)
	}
}

// What is announced is compared with the memory there before any is taken, and the files of a set share it.
func TestReadIDXComparesWithMemory(t *testing.T) {
	const n = 1 << 20
	file := append(header(magicImages, n/64, 8, 8), make([]byte, n)...) // deflate makes 1 kB of it
	for name, in := range map[string][]byte{"plain": file, "gzip": gzipped(t, file)} {
		l := limits{room: &room{left: n / 2}}
		memorytest.Limit(t, 1<<18, func() { // buffers and gzip's window
			_, err := readIDX(bytes.NewReader(in), magicImages, l)
			var large *memory.TooLarge
			if !errors.As(err, &large) || large.Have != n/2 || large.Need < n || large.Need > 5*n/4+32 {
				t.Errorf("%s: error %v, want one of memory", name, err)
			}
			for _, want := range []string{"16384 images of 8x8: needs 1.", "this machine has 524 kB: room for "} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: error %v, want one with %q", name, err, want)
				}
			}
		})
		l.room.left = 2 * n
		x, err := readIDX(bytes.NewReader(in), magicImages, l)
		if err != nil || !bytes.Equal(x.raw, file) {
			t.Errorf("%s: where there is room: %v", name, err)
		}
		if _, err = readIDX(bytes.NewReader(in), magicImages, l); err == nil {
			t.Errorf("%s: a second file found room beside the first", name)
		}
		// A file that is refused takes no room from the next.
		before := l.room.left
		if _, err = readIDX(bytes.NewReader(in[:len(in)-1]), magicImages, l); err == nil || l.room.left != before {
			t.Errorf("%s: a damaged file: %v, and %d bytes of room left, want %d", name, err, l.room.left, before)
		}
	}
}

// A published file is refused by its header, whatever follows.
func TestReadIDXComparesWithThePublished(t *testing.T) {
	bomb := gzipped(t, append(header(magicImages, 1<<20, 2, 4), make([]byte, 8<<20)...))
	l := limits{room: newRoom(), want: &content{size: 28, sum: "c59f468a2f672d"}}
	memorytest.Limit(t, 1<<18, func() {
		_, err := readIDX(bytes.NewReader(bomb), magicImages, l)
		if err == nil || !strings.Contains(err.Error(), "8388624 bytes, want the 28 with sha256 c59f468a2f67") {
			t.Errorf("error %v", err)
		}
	})
}

// A header may announce gigabytes; what is allocated must follow what arrives.
func TestReadIDXAllocatesWhatArrives(t *testing.T) {
	claim := append(header(magicImages, 1<<20, 64, 64), ramp(1000)...) // 4 GiB announced, 1000 bytes there
	bomb := gzipped(t, append(header(magicImages, 4, 2, 2), make([]byte, 8<<20)...))
	for name, r := range map[string]io.Reader{
		"plain stream": io.MultiReader(bytes.NewReader(claim)),
		"gzip stream":  io.MultiReader(bytes.NewReader(gzipped(t, claim))),
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
