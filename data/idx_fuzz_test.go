package data

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
)

// idxSeeds are where FuzzIDX starts: good files, and some that claim more than they hold.
func idxSeeds(t testing.TB) [][]byte {
	good := append(header(magicImages, 2, 2, 3), ramp(12)...)
	return [][]byte{
		good, gzipped(t, good), append(header(magicLabels, 2), 1, 2), good[:9], qmnist([]int32{1, 70000}),
		append(gzipped(t, good[:20]), gzipped(t, good[20:])...),
		header(magicImages, 1<<31, 1<<31, 1<<31), header(magicImages, 1<<20, 64, 64), header(0x0d03, 1, 1, 1),
		gzipped(t, header(magicImages, 1, 64, 64)),
		gzipped(t, append(header(magicImages, 4, 64, 64), make([]byte, 1<<14)...)),
		gzipped(t, append(header(magicLabels, 1), make([]byte, 1<<14)...)),
	}
}

func FuzzIDX(f *testing.F) {
	for _, seed := range idxSeeds(f) {
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

// What a file of so few bytes makes the reader take is bounded by what deflate can make of them.
func TestIDXCorpusInLittleMemory(t *testing.T) {
	for i, in := range append(idxSeeds(t), corpus(t, "FuzzIDX")...) {
		for _, magic := range []uint32{magicImages, magicLabels} {
			for name, r := range map[string]io.Reader{
				"known size": bytes.NewReader(in), "stream": io.MultiReader(bytes.NewReader(in)),
			} {
				memorytest.Limit(t, 1<<19+2*maxInflate*uint64(len(in)), func() { // and buffers and gzip's window
					_, err := readIDX(r, magic, limits{room: &room{left: 1 << 33}})
					if err != nil && len(err.Error()) > 400 {
						t.Errorf("input %d: error of %d bytes", i, len(err.Error()))
					}
				})
				if t.Failed() {
					t.Fatalf("input %d, %.60q, magic %x, %s", i, in, magic, name)
				}
			}
		}
	}
}

// corpus reads the inputs that a fuzz target of one argument has kept in testdata.
func corpus(t *testing.T, target string) [][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no corpus of %s: %v", target, err)
	}
	var all [][]byte
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, value, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
		value = strings.TrimSuffix(strings.TrimPrefix(value, "[]byte("), ")")
		in, err := strconv.Unquote(value)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, []byte(in))
	}
	return all
}
