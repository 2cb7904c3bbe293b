package data

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
)

// records are n images as CIFAR's files have them, with so many labels each: those before the last are 99, the last
// counts up to classes. Pixel i of plane c of image k is k+i+80c.
func records(n, labels, classes int) []byte {
	var b []byte
	for k := range n {
		b = append(b, bytes.Repeat([]byte{99}, labels-1)...)
		b = append(b, byte(k%classes))
		for c := range 3 {
			for i := range cifarPlane {
				b = append(b, byte(k+i+80*c))
			}
		}
	}
	return b
}

// ownCIFAR10 writes two batches of 7 and 5 images and a test batch of 4, of 3 classes.
func ownCIFAR10(t *testing.T, dir string) {
	t.Helper()
	put(t, dir, map[string][]byte{
		"data_batch_1.bin": records(7, 1, 3), "data_batch_2.bin": records(5, 1, 3), "test_batch.bin": records(4, 1, 3),
		"batches.meta.txt": []byte("airplane\nautomobile\r\n\nbird\n\n"), "readme.html": []byte("<html>"),
	})
}

func checkCIFAR10(t *testing.T, src *Source, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if src.Name != CIFARBinary || !slices.Equal(src.ClassNames, []string{"airplane", "automobile", "bird"}) {
		t.Errorf("%s with classes %q", src.Name, src.ClassNames)
	}
	s := src.Train
	if s.N != 12 || s.H != 32 || s.W != 32 || s.C != 3 || src.Test.N != 4 || len(src.Checksum) != 64 {
		t.Fatalf("%d images of %dx%dx%d, %d to test", s.N, s.C, s.H, s.W, src.Test.N)
	}
	if want := []int32{0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 0, 1}; !slices.Equal(s.Labels, want) {
		t.Errorf("labels %v, want %v", s.Labels, want)
	}
	// Image 8 is image 1 of the second batch; its pixel in row 2 and column 5 is 69 of each plane.
	if got := s.Image(8)[3*69 : 3*69+3]; !bytes.Equal(got, []byte{70, 150, 230}) {
		t.Errorf("pixel %v, want red, green and blue of 70, 150, 230", got)
	}
}

func TestOpenCIFARBinary(t *testing.T) {
	dir := t.TempDir()
	ownCIFAR10(t, dir)
	src, err := Open(t.Context(), Options{Dataset: CIFARBinary, Dir: dir})
	checkCIFAR10(t, src, err)

	// In the folder that the archive makes, and told by the files alone.
	outer, logged := t.TempDir(), ""
	ownCIFAR10(t, filepath.Join(outer, "cifar-10-batches-bin"))
	src, err = Open(t.Context(), Options{Dir: outer, Log: func(f string, a ...any) { logged += fmt.Sprintf(f, a...) }})
	checkCIFAR10(t, src, err)
	if logged != "data: "+outer+": cifar-binary, by data_batch_1.bin" {
		t.Errorf("logged %q", logged)
	}

	info, err := Describe(t.Context(), Options{Dataset: CIFARBinary, Dir: dir})
	if err != nil || !info.OK() || len(info.Files) != 3 || info.Files[0].Verified || info.Train.C != 3 ||
		!slices.Equal(info.Train.ChannelMean, []float64{0.5, 0.5, 0.5}) { // every value comes four times in a plane
		t.Errorf("%+v, %v", info, err)
	}
}

// Of CIFAR-100's two labels the second is the class.
func TestOpenCIFAR100Records(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string][]byte{"train.bin": records(6, 2, 5), "test.bin": records(2, 2, 5)})
	src, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(src.Train.Labels, []int32{0, 1, 2, 3, 4, 0}) || strings.Join(src.ClassNames, "") != "01234" ||
		src.Train.Image(1)[0] != 1 {
		t.Errorf("labels %v, classes %q, first byte %d", src.Train.Labels, src.ClassNames, src.Train.Image(1)[0])
	}
}

func TestOpenCIFARRefuses(t *testing.T) {
	whole := records(4, 1, 3)
	for _, c := range []struct {
		name  string
		files map[string][]byte
		o     Options
		want  string
	}{
		{"cut", map[string][]byte{"data_batch_2.bin": whole[:5000]}, Options{},
			"data_batch_2.bin: 5000 bytes, want a multiple of 3073 for records of 1 label and 3x32x32 bytes"},
		{"empty", map[string][]byte{"test_batch.bin": nil}, Options{}, "test_batch.bin: 0 bytes, want a multiple"},
		{"zipped", map[string][]byte{"test_batch.bin": []byte("PK\x03\x04")}, Options{},
			"(a zip archive; unpack it first)"},
		{"a label without a name", map[string][]byte{"batches.meta.txt": []byte("cat\ndog\n")}, Options{},
			"label 2 of image 2 is not below the number of classes, 2"},
		{"a name twice", map[string][]byte{"batches.meta.txt": []byte("cat\ndog\n\ncat\n")}, Options{},
			`batches.meta.txt: lines 1 and 4 are both "cat"`},
		{"no names", map[string][]byte{"batches.meta.txt": []byte("\n\n")}, Options{}, "no class names"},
		{"too many names", map[string][]byte{"batches.meta.txt": bytes.Repeat([]byte("x"), maxNames+1)}, Options{},
			"1.05 MB, want class names of at most 1.05 MB"},
		{"classes", nil, Options{Classes: 300}, "300 classes, want 2 to 256"},
		{"transposed", nil, Options{Transpose: true}, "upright"},
	} {
		dir := t.TempDir()
		ownCIFAR10(t, dir)
		put(t, dir, c.files)
		c.o.Dir = dir
		if c.o.Dataset == "" {
			c.o.Dataset = CIFARBinary
		}
		_, err := Open(t.Context(), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", c.name, err, c.want)
		}
	}
	dir := t.TempDir()
	ownCIFAR10(t, dir)
	_, err := Open(t.Context(), Options{Dataset: "cifar10", Dir: dir})
	if want := "data_batch_1.bin: 21511 bytes, want the 30730000 that are published; another data set in this format " +
		"needs --dataset cifar-binary"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("as CIFAR-10: error %v, want one with %q", err, want)
	}
	if err := os.Remove(filepath.Join(dir, "test_batch.bin")); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Options{Dataset: CIFARBinary, Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "test_batch.bin not found") {
		t.Errorf("without a test batch: %v", err)
	}
	// A file may have holes: more than fits is not asked for.
	huge := filepath.Join(dir, "test_batch.bin")
	put(t, dir, map[string][]byte{"test_batch.bin": nil})
	if err := os.Truncate(huge, 3073<<30); err == nil {
		_, err = Open(t.Context(), Options{Dataset: CIFARBinary, Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "1073741824 images: needs ") {
			t.Errorf("3 TB: %v", err)
		}
	}
}

// cifarSeeds are where FuzzCIFAR starts: good files, and some that are not.
func cifarSeeds() [][]byte {
	return [][]byte{
		records(1, 1, 3), records(2, 2, 3), []byte("<html>"), records(1, 1, 3)[:3000], nil, []byte("cat\ndog\n\ncat"),
		[]byte("\xff\r\n\x00"),
	}
}

// takeCIFAR reads a file of records of so many labels, in memory.
func takeCIFAR(in []byte, labels int) (file, cifarLayout, error) {
	l := cifarLayout{files: cifar100Files, labels: labels}
	f := file{size: int64(len(in))}
	err := f.take(bytes.NewReader(in), l.record(), nil, &room{left: 1 << 33})
	return f, l, err
}

// FuzzCIFAR reads its input as a file of images and as one of names.
func FuzzCIFAR(f *testing.F) {
	for _, seed := range cifarSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for labels := 1; labels <= 2; labels++ {
			f, l, err := takeCIFAR(in, labels)
			if (err == nil) != (len(in) > 0 && len(in)%l.record() == 0) {
				t.Fatalf("%d bytes in records of %d: %v", len(in), l.record(), err)
			}
			if err != nil {
				continue
			}
			s := l.newSet([]file{f})
			if s.N*l.record() != len(in) || len(s.Labels) != s.N || len(s.Pixels) != s.N*cifarPixels {
				t.Errorf("%d bytes became %d images with %d labels", len(in), s.N, len(s.Labels))
			}
		}
		all, err := parseNames(string(in))
		if (len(all) == 0) != (err != nil) || len(all) > 256 || slices.Contains(all, "") {
			t.Errorf("names %q, %v", all, err)
		}
	})
}

// What a file makes the reader take is bounded by its bytes.
func TestCIFARCorpusInLittleMemory(t *testing.T) {
	for _, in := range cifarSeeds() {
		memorytest.Limit(t, 1<<16+8*uint64(len(in)), func() {
			if f, l, err := takeCIFAR(in, 1); err == nil {
				l.newSet([]file{f})
			}
			parseNames(string(in))
		})
	}
}
