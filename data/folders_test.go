package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plainPicture is a picture of one grey, in a format.
func plainPicture(t *testing.T, format string, grey byte) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range m.Pix {
		m.Pix[i] = grey
	}
	var b bytes.Buffer
	var err error
	switch format {
	case "png":
		err = png.Encode(&b, m)
	case "jpeg":
		err = jpeg.Encode(&b, m, nil)
	case "gif":
		p := image.NewPaletted(m.Rect, color.Palette{color.Gray{grey}})
		err = gif.Encode(&b, p, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// plant writes files below a directory.
func plant(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		put(t, filepath.Dir(path), map[string][]byte{filepath.Base(path): b})
	}
}

// small pictures are scaled to 1x4x4 in these tests.
var smallSize = Size{1, 4, 4}

func TestOpenFolders(t *testing.T) {
	dir, logged := t.TempDir(), ""
	files := map[string][]byte{
		"Zebra/1.txt": plainPicture(t, "png", 10), // a picture by its content
		"Zebra/2.png": plainPicture(t, "jpeg", 20), "ant/deep/3.JPG": plainPicture(t, "jpeg", 30),
		"ant/4": plainPicture(t, "gif", 40), "ant/notes.md": []byte("# notes"), "é/5.png": plainPicture(t, "png", 50),
		"é/.hidden.png": plainPicture(t, "png", 60), "é/Thumbs.db": []byte("x"),
		"__MACOSX/6.png":           plainPicture(t, "png", 70),
		".ipynb_checkpoints/7.png": plainPicture(t, "png", 80), "README": []byte("words"), ".DS_Store": []byte("x"),
	}
	plant(t, dir, files)
	put(t, filepath.Join(dir, "none"), nil)
	o := Options{Dir: dir, Size: smallSize, Log: func(f string, a ...any) { logged += fmt.Sprintf(f+"\n", a...) }}
	src, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if src.Name != Folders || !slices.Equal(src.ClassNames, []string{"Zebra", "ant", "é"}) || src.Dir != dir {
		t.Errorf("%s of classes %q in %s", src.Name, src.ClassNames, src.Dir)
	}
	if !strings.Contains(logged, ": folders, by "+filepath.Join("Zebra", "1.txt")) ||
		!strings.Contains(logged, "reading 5 pictures of 3 classes as 1x4x4, 80 B") {
		t.Errorf("logged %q", logged)
	}
	// The one picture of a class is there to train on; of two one is held out.
	if src.Train.N != 3 || src.Test.N != 2 || !slices.Equal(src.Train.Labels, []int32{0, 1, 2}) ||
		!slices.Equal(src.Test.Labels, []int32{0, 1}) || src.Val != nil {
		t.Fatalf("labels %v and %v", src.Train.Labels, src.Test.Labels)
	}
	if got := src.Train.Image(2); !bytes.Equal(got, bytes.Repeat([]byte{50}, 16)) {
		t.Errorf("pixels %v, want 50 each", got)
	}
	notes := strings.Join(src.Notes, "\n")
	for _, want := range []string{`have no class: "README"`, `are no pictures: "ant/notes.md"`,
		`without pictures: "none"`, "2 of the 5 pictures, about a fifth of each class, are held out"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in the notes:\n%s", want, notes)
		}
	}
	again, err := Open(t.Context(), o)
	if err != nil || again.Checksum != src.Checksum || !bytes.Equal(again.Train.Pixels, src.Train.Pixels) {
		t.Errorf("opened again: %v, checksum %s, want %s", err, again.Checksum, src.Checksum)
	}
	plant(t, dir, map[string][]byte{"ant/4": plainPicture(t, "gif", 41)})
	if again, err = Open(t.Context(), o); err != nil || again.Checksum == src.Checksum {
		t.Errorf("another picture, %v, the same checksum", err)
	}
	if info, err := Describe(t.Context(), o); err != nil || !info.OK() || fmt.Sprint(info.Train.PerClass) != "[1 1 1]" {
		t.Errorf("described as %+v, %v", info, err)
	}
}

func TestOpenFoldersOfSplits(t *testing.T) {
	grey := func(g byte) []byte { return plainPicture(t, "png", g) }
	files := map[string][]byte{
		"train/b/1.png": grey(1), "train/a/2.png": grey(2), "Valid/a/3.png": grey(3), "test/c/4.png": grey(4),
		"test/a/5.png": grey(5),
	}
	for _, c := range []struct {
		name             string
		without          []string // splits that are left out
		train, val, test []int32
		classes, note    string
	}{
		{"all", nil, []int32{0, 1}, []int32{0}, []int32{0, 2}, "abc", `no training picture of "c"`},
		{"no validation", []string{"Valid"}, []int32{0, 1}, nil, []int32{0, 2}, "abc", ""},
		{"no test", []string{"test"}, []int32{0, 1}, nil, []int32{0}, "ab", "the pictures of Valid are the test split"},
	} {
		dir := t.TempDir()
		plant(t, dir, files)
		for _, split := range c.without {
			if err := os.RemoveAll(filepath.Join(dir, split)); err != nil {
				t.Fatal(err)
			}
		}
		src, err := Open(t.Context(), Options{Dir: dir, Size: smallSize})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var val []int32
		if src.Val != nil {
			val = src.Val.Labels
		}
		if strings.Join(src.ClassNames, "") != c.classes || !slices.Equal(src.Train.Labels, c.train) ||
			!slices.Equal(val, c.val) || !slices.Equal(src.Test.Labels, c.test) ||
			!strings.Contains(strings.Join(src.Notes, "\n"), c.note) {
			t.Errorf("%s: classes %q, labels %v, %v and %v, notes %q", c.name, src.ClassNames, src.Train.Labels, val,
				src.Test.Labels, src.Notes)
		}
	}
	// A class may be called train.
	dir := t.TempDir()
	plant(t, dir, map[string][]byte{"train/1.png": grey(1), "car/1.png": grey(2), "car/2.png": grey(3)})
	src, err := Open(t.Context(), Options{Dir: dir, Size: smallSize})
	if err != nil || strings.Join(src.ClassNames, " ") != "car train" {
		t.Errorf("%+v, %v, want classes car and train", src, err)
	}
}

func TestOpenFoldersNamesWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	whole := plainPicture(t, "png", 9)
	plant(t, dir, map[string][]byte{
		"a/1.png": whole, "a/2.png": plainPicture(t, "png", 8), "b/1.png": whole, "b/2.png": plainPicture(t, "png", 7),
		"b/cut\x1b.png": whole[:40], "b/page.jpg": []byte("<html>"),
	})
	src, err := Open(t.Context(), Options{Dir: dir, Size: smallSize})
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(src.Notes, "\n")
	if n := src.Train.N + src.Test.N; n != 4 || strings.Count(notes, "passed over: picture: ") != 2 ||
		!strings.Contains(notes, `cut\x1b.png`) || !strings.Contains(notes, "page.jpg") {
		t.Errorf("%d pictures, want 4, and notes that name the others:\n%s", n, notes)
	}
}

func TestOpenFoldersRefuses(t *testing.T) {
	whole := plainPicture(t, "png", 9)
	two := map[string][]byte{"a/1.png": whole, "b/1.png": whole, "b/2.png": whole}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		o     Options
		want  string
	}{
		{"one class", map[string][]byte{"a/1.png": whole}, Options{}, "one class with pictures (a), nothing to learn"},
		{"two validation splits",
			map[string][]byte{"train/a/1.png": whole, "val/a/1.png": whole, "valid/a/1.png": whole}, Options{},
			"folders val and valid, want one of them"},
		{"one of each class", map[string][]byte{"a/1.png": whole, "b/1.png": whole}, Options{},
			"2 pictures, of no class two: none can be held out as a test split"},
		{"none to train on", map[string][]byte{"train/a/x.txt": []byte("x"), "test/a/1.png": whole}, Options{},
			"no pictures to train on"},
		{"none that can be read",
			map[string][]byte{"a/1.png": []byte("x"), "a/2.png": []byte("x"), "b/1.png": []byte("x")}, Options{},
			"none of 3 pictures can be read: picture: "},
		{"too large", two, Options{Size: Size{3, 1 << 30, 1 << 30}}, "3 pictures as 3x1073741824x1073741824: "},
		{"two channels", two, Options{Size: Size{2, 4, 4}}, "pictures wanted as 2x4x4, want 1 or 3 channels"},
		{"classes", two, Options{Classes: 3}, "has a class for each folder"},
		{"transposed", two, Options{Transpose: true}, "upright"},
	} {
		dir := t.TempDir()
		plant(t, dir, c.files)
		c.o.Dir, c.o.Dataset = dir, Folders
		_, err := Open(t.Context(), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", c.name, err, c.want)
		}
	}
	dir := t.TempDir()
	plant(t, dir, two)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Options{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	put(t, dir, plainSmall(t))
	if _, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir, Size: smallSize}); err == nil ||
		!strings.Contains(err.Error(), "images of 1x4x6, want 1x4x4 (only those of dataset "+
			`"folders" or "manifest" or "parquet" are scaled)`) {
		t.Errorf("other images of another size: %v", err)
	}
}

// Links are followed, and a folder within itself ends.
func TestOpenFoldersFollowsLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	grey := func(g byte) []byte { return plainPicture(t, "png", g) }
	plant(t, dir, map[string][]byte{"a/1.png": grey(1), "a/2.png": grey(2)})
	plant(t, elsewhere, map[string][]byte{"1.png": grey(3), "2.png": grey(4)})
	for name, to := range map[string]string{"b": elsewhere, "a/loop": filepath.Join(dir, "a"), "a/broken": "nowhere",
		"a/3.png": filepath.Join(elsewhere, "1.png")} {
		if err := os.Symlink(to, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Skip(err) // not every user may on Windows
		}
	}
	src, err := Open(t.Context(), Options{Dir: dir, Size: smallSize})
	if err != nil {
		t.Fatal(err)
	}
	if n := src.Train.N + src.Test.N; n != 5 || strings.Join(src.ClassNames, "") != "ab" {
		t.Errorf("%d pictures of classes %q, want 5 of a and b", n, src.ClassNames)
	}
}

func TestParseSize(t *testing.T) {
	if s, err := ParseSize("3x64x48"); err != nil || s != (Size{3, 64, 48}) || s.String() != "3x64x48" {
		t.Errorf("%v, %v", s, err)
	}
	for text, want := range map[string]string{"64x64": "want channels x height x width", "3x4x5x6": "want channels x",
		"": "want channels x", "axbxc": "want channels x", "32x48x3": "want channels first: 3x32x48"} {
		if _, err := ParseSize(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}
