package data

import (
	"bytes"
	"strings"
	"testing"
)

func TestTranspose(t *testing.T) {
	s := &Set{N: 2, H: 2, W: 3, C: 1, Pixels: []byte{
		1, 2, 3,
		4, 5, 6,

		7, 8, 9,
		10, 11, 12,
	}}
	s.transpose()
	want := []byte{
		1, 4,
		2, 5,
		3, 6,

		7, 10,
		8, 11,
		9, 12,
	}
	if s.H != 3 || s.W != 2 || !bytes.Equal(s.Pixels, want) {
		t.Errorf("%dx%d %v, want 3x2 %v", s.H, s.W, s.Pixels, want)
	}
}

// The checksum is that of the files, whichever way the images are taken.
func TestOpenTransposed(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, plainSmall(t))
	upright, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	src, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir, Transpose: true})
	if err != nil {
		t.Fatal(err)
	}
	if !src.Transposed || src.Checksum != upright.Checksum {
		t.Errorf("transposed %v, checksum %s, want true and %s", src.Transposed, src.Checksum, upright.Checksum)
	}
	for name, s := range map[string][2]*Set{"train": {src.Train, upright.Train}, "test": {src.Test, upright.Test}} {
		got, was := s[0], s[1]
		if got.H != 6 || got.W != 4 || got.Image(9)[3*4+1] != was.Image(9)[1*6+3] {
			t.Errorf("%s: images of %dx%d, want 6x4 with rows and columns exchanged", name, got.H, got.W)
		}
	}
	p, files := small(t)
	put(t, p.cache, files)
	_, open := p.open(t.Context(), Options{Transpose: true})
	_, describe := p.describe(t.Context(), Options{Transpose: true})
	for _, err := range []error{open, describe} {
		if err == nil || !strings.Contains(err.Error(), "upright") {
			t.Errorf("a published data set: error %v", err)
		}
	}
}

func TestClassesOfLabels(t *testing.T) {
	for _, c := range []struct {
		name        string
		train, test []byte
		classes     int // as given
		want        int
		note, err   string
	}{
		{"all there", []byte{0, 1, 2}, []byte{2}, 0, 3, "", ""},
		{"from 1 on", []byte{1, 2, 3}, []byte{1}, 0, 4,
			"train-labels-idx1-ubyte: no image of class 0, with 4 classes", ""},
		{"a stray label", []byte{0, 1, 255, 2}, []byte{1}, 0, 256, "no image of classes 3 to 254, with 256 classes: " +
			"label 255 of image 2 in train-labels-idx1-ubyte is the largest (--classes N", ""},
		{"a stray label in the test set", []byte{0, 1}, []byte{1, 9}, 0, 10, "no image of classes 2 to 9, with 10 " +
			"classes: label 9 of image 1 in t10k-labels-idx1-ubyte is the largest", ""},
		{"more than there are", []byte{0, 1}, []byte{1}, 3, 3, "no image of class 2, with 3 classes", ""},
		{"one, said to be of two", []byte{0, 0}, []byte{0}, 2, 2, "no image of class 1, with 2 classes", ""},
		{"one", []byte{0, 0}, []byte{0}, 0, 0, "", "every label of train-labels-idx1-ubyte and " +
			"t10k-labels-idx1-ubyte is 0: one class, nothing to learn"},
		{"one above 0", []byte{7, 7}, []byte{7}, 0, 0, "", "is 7: one class"},
		{"fewer than there are", []byte{0, 1, 2}, []byte{1}, 2, 0, "", "label 2 of image 2 is not below"},
	} {
		set := func(labels []byte) (images, l file) {
			n := len(labels)
			return file{idx: &idx{dims: []int{n, 1, 1}, raw: make([]byte, 16+n)}},
				file{idx: &idx{dims: []int{n}, labels: widened(labels)}}
		}
		files := make([]file, 4)
		files[trainImages], files[trainLabels] = set(c.train)
		files[testImages], files[testLabels] = set(c.test)
		for i := range files {
			files[i].path = stems[i]
		}
		src, err := mnistLayout{}.assemble(IDX, "dir", files, Options{Classes: c.classes})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		notes := strings.Join(src.Notes, "\n")
		if len(src.ClassNames) != c.want || !strings.Contains(notes, c.note) || (c.note == "") != (notes == "") {
			t.Errorf("%s: %d classes, notes %q, want %d and %q", c.name, len(src.ClassNames), notes, c.want, c.note)
		}
	}
}

func TestRanges(t *testing.T) {
	for want, classes := range map[string][]int{
		"class 3":              {3},
		"classes 0, 1":         {0, 1},
		"classes 0, 4 to 6, 9": {0, 4, 5, 6, 9},
		"classes 10 to 12":     {10, 11, 12},
		"classes 0, 2, 4, 6, 8, 10, 12, 14 and 2 more": {0, 2, 4, 6, 8, 10, 12, 14, 16, 18},
	} {
		if got := ranges(classes); got != want {
			t.Errorf("ranges(%v) = %q, want %q", classes, got, want)
		}
	}
}
