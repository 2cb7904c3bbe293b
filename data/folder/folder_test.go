package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"resnet/data/samples"
)

const (
	png  = "\x89PNG\r\n\x1a\n and more"
	jpeg = "\xff\xd8\xff\xe0 and more"
)

// tree writes files by path; a content that begins with "-> " makes a symbolic link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, link := strings.CutPrefix(content, "-> "); link {
			if err = os.Symlink(filepath.FromSlash(target), path); err != nil && runtime.GOOS == "windows" {
				t.Skip(err) // which lets administrators alone make links
			}
		} else if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// list has a line for each sample and each other of a set.
func list(s *samples.Set) (in, out []string) {
	for _, x := range s.Samples {
		in = append(in, fmt.Sprintf("%s %s %s", x.Split, s.Classes[x.Class], filepath.ToSlash(x.Path)))
	}
	for _, o := range s.Others {
		out = append(out, filepath.ToSlash(o.String()))
	}
	return in, out
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWalk(t *testing.T) {
	dir := tree(t, map[string]string{
		"Zebra/a.JPG": jpeg, "Zebra/deep/er/b.jpeg": jpeg, "Zebra/nosuffix": png, "Zebra/wrong.txt": png,
		"Zebra/damaged.png": "no", "Zebra/notes.txt": "notes", "Zebra/.DS_Store": "x", "Zebra/Thumbs.db": "x",
		"Zebra/__MACOSX/a.JPG": jpeg, "Zebra/film": "OggS", "Zebra/photo.heic": "\x00\x00\x00\x18ftypheic",
		"ant/c.png": png, "ant/.ipynb_checkpoints/c.png": png, ".git/config": "x", "README": "x", "empty/": "",
		"desktop.ini": "x", "nothing/notes.txt": "x",
	})
	s, err := Walk(t.Context(), dir, 3)
	if err != nil {
		t.Fatal(err)
	}
	in, out := list(s)
	equal(t, "samples", in, []string{
		"train Zebra Zebra/a.JPG", "train Zebra Zebra/damaged.png", "train Zebra Zebra/deep/er/b.jpeg",
		"train Zebra Zebra/nosuffix", "train Zebra Zebra/wrong.txt", "train ant ant/c.png",
	})
	equal(t, "others", out, []string{
		".git: hidden", "README: not in a class folder", "Zebra/.DS_Store: hidden",
		"Zebra/Thumbs.db: left by a system or program", "Zebra/__MACOSX: left by a system or program",
		"Zebra/film: not a picture: a film or a sound", "Zebra/notes.txt: not a picture: .txt",
		"Zebra/photo.heic: kind of picture that is not read: a HEIC picture", "ant/.ipynb_checkpoints: hidden",
		"desktop.ini: left by a system or program", "nothing/notes.txt: not a picture: .txt",
	})
	equal(t, "classes", s.Classes, []string{"Zebra", "ant"}) // by bytes
	equal(t, "empty classes", s.Empty, []string{"empty", "nothing"})
	for workers := range 5 {
		if again, err := Walk(t.Context(), dir, workers); err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%d workers: %v, another result", workers, err)
		}
	}
}

func TestSplits(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  []string
		err   string
	}{
		"three": {[]string{"train/a/1", "valid/a/2", "TEST/b/3"},
			[]string{"train a train/a/1", "val a valid/a/2", "test b TEST/b/3"}, ""},
		"train only":   {[]string{"train/a/1", "docs/b/2"}, []string{"train a train/a/1"}, ""},
		"no train":     {[]string{"val/a/1", "test/a/2"}, []string{"val a val/a/1", "test a test/a/2"}, ""},
		"a class":      {[]string{"test/1", "other/2"}, []string{"train other other/2", "train test test/1"}, ""},
		"called train": {[]string{"train/1", "car/2"}, []string{"train car car/2", "train train train/1"}, ""},
		"validation": {[]string{"training/a/1", "validation/a/1", "testing/a/1"},
			[]string{"train a training/a/1", "val a validation/a/1", "test a testing/a/1"}, ""},
		"twice": {[]string{"train/a/1", "val/a/2", "valid/a/2"}, nil,
			"has the folders val and valid, want one of them"},
		"loose": {[]string{"1", "2"}, nil,
			"no class folders, and 2 files beside them, want <class>/picture.png"},
		"a table":      {[]string{"1", "labels.csv"}, nil, "(or name the table: "},
		"loose splits": {[]string{"train/1", "test/2"}, nil, "no class folders, and 2 files"},
	} {
		files := map[string]string{}
		for _, f := range c.files {
			files[f] = png
		}
		s, err := Walk(t.Context(), tree(t, files), 2)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		in, _ := list(s)
		equal(t, name, in, c.want)
	}
	for dir, want := range map[string]string{
		filepath.Join(t.TempDir(), "none"):                       "no such file or directory",
		filepath.Join(tree(t, map[string]string{"f": "x"}), "f"): "is a file, want a folder of class folders",
		tree(t, map[string]string{"a/x.txt": "x"}):               "no picture in its 1 class folders",
	} {
		if _, err := Walk(t.Context(), dir, 1); err == nil || !strings.HasPrefix(err.Error(), "folder: "+dir+": ") ||
			!strings.Contains(err.Error(), want) && runtime.GOOS != "windows" {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A file counts once a class, by its own name, whichever links lead to it, and no circle of links is without an end.
func TestLinks(t *testing.T) {
	dir := tree(t, map[string]string{
		"a/one.png": png, "a/sub/two.png": png,
		"a/0link.png": "-> one.png", "a/again.png": "-> sub/two.png", // sorted before and after what they lead to
		"a/self": "-> self", "a/gone.png": "-> nowhere.png", "a/up": "-> ..", "a/here": "-> .",
		"a/sub/top":  "-> ../../a",
		"a/subagain": "-> sub", "a/out": "-> ../../" + "OUT", "a/outfile.png": "-> ../../OUT/in/three.png",
		"b/other.png": "-> ../a/one.png", "c": "-> a/sub", "d": "-> nowhere",
	})
	// What lies outside is reached by links alone, here by two of them.
	outside := filepath.Join(filepath.Dir(dir), "OUT")
	if err := os.MkdirAll(filepath.Join(outside, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "in", "three.png"), []byte(png), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Walk(t.Context(), dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	in, out := list(s)
	equal(t, "samples", in, []string{
		"train a a/one.png", "train a a/out/in/three.png", "train a a/sub/two.png", "train b b/other.png",
		"train c c/two.png",
	})
	equal(t, "others", out, []string{
		"a/0link.png: link to what its class has", "a/again.png: link to what its class has",
		"a/gone.png: link to nothing", "a/here: link to a folder around it",
		"a/outfile.png: link to what its class has", "a/self: link to nothing",
		"a/sub/top: link to a folder around it", "a/subagain: link to what its class has: folder",
		"a/up: link to a folder around it", "c/top: link to a folder around it", "d: link to nothing",
	})
}

// What the system refuses to read is named, and the rest is there.
func TestRefused(t *testing.T) {
	dir := tree(t, map[string]string{
		"a/1.png": png, "a/2.png": png, "a/locked/3.png": png, "b/4.png": png, "c/5.png": png,
	})
	denied := func(path string) error {
		if name := filepath.Base(path); name == "2.png" || name == "locked" || name == "c" {
			return &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
		}
		return nil
	}
	s, err := walk(t.Context(), dir, 1, fileSystem{
		readDir: func(path string) ([]os.DirEntry, error) {
			if err := denied(path); err != nil {
				return nil, err
			}
			return os.ReadDir(path)
		},
		open: func(path string) (*os.File, error) {
			if err := denied(path); err != nil {
				return nil, err
			}
			return os.Open(path)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	in, out := list(s)
	equal(t, "samples", in, []string{"train a a/1.png", "train b b/4.png"})
	equal(t, "others", out, []string{"a/2.png: cannot be read: permission denied",
		"a/locked: cannot be read: permission denied", "c: cannot be read: permission denied"})
	equal(t, "empty", s.Empty, []string{"c"})
}

// A name may be anything that a file system takes.
func TestOddNames(t *testing.T) {
	odd := []string{"new\nline.png", "bad\xffutf8.png", "-rf.png", "sp ace.png", "日本.png", `back\slash.png`}
	files := map[string]string{}
	for _, name := range odd {
		files["a/"+name] = png
	}
	if runtime.GOOS != "linux" {
		t.Skip("this system has no such names")
	}
	s, err := Walk(t.Context(), tree(t, files), 1)
	if err != nil || len(s.Samples) != len(odd) {
		t.Errorf("%v, %d samples, want %d", err, len(s.Samples), len(odd))
	}
}

func TestWalkIsInterrupted(t *testing.T) {
	dir := tree(t, map[string]string{"a/1.png": png, "b/2.png": png})
	ctx, cancel := context.WithCancel(t.Context())
	opened := 0
	_, err := walk(ctx, dir, 1, fileSystem{os.ReadDir, func(path string) (*os.File, error) {
		opened++
		cancel()
		return os.Open(path)
	}})
	if !errors.Is(err, context.Canceled) || opened != 1 {
		t.Errorf("%v after %d files, want context.Canceled after the first", err, opened)
	}
}
