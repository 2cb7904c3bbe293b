package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// pictureOf encodes a picture of one colour.
func pictureOf(t *testing.T, w, h int, c color.Color, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		m.Set(i%w, i/w, c)
	}
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }

// writeTroubled writes class folders with a fault of every kind in them.
func writeTroubled(t *testing.T) string {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	red, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 128}
	whole := pictureOf(t, 40, 30, red, png.Encode)
	for name, content := range map[string][]byte{
		"train/cat/1.PNG": whole, "train/cat/copy": whole, "train/cat/cut.png": whole[:len(whole)-20],
		"train/cat/notes.txt": []byte("notes"), "train/cat/Thumbs.db": {1}, "train/cat/page.jpg": []byte("<html>"),
		"train/dog/2.jpeg": pictureOf(t, 20, 50, red, asJPEG), "train/dog/3.png": pictureOf(t, 9, 9, blue, png.Encode),
		"train/dog/as-cat.png": whole, "valid/cat/4.png": whole, "train/owl/5.png": pictureOf(t, 5, 5, blue,
			png.Encode),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, content)
	}
	if err := os.Mkdir(filepath.Join(dir, "train", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDataCheck(t *testing.T) {
	dir := writeTroubled(t)
	out, stderr, code := resnet(t, "data", "check", dir, "--quiet")
	if code != 1 || strings.Count(stderr, "\n") != 1 ||
		!strings.Contains(stderr, "2 of 9 pictures cannot be used (--on-bad-image skip") {
		t.Errorf("exit status %d, %q", code, stderr)
	}
	for _, want := range []string{
		"pictures  9 in 3 classes, train, val\n",
		"balance   1 (owl) to 3 (dog) usable pictures of a class to train on\n",
		"width     5 to 40 pixels, median 40\n",
		"formats   6 png; 1 jpeg\n", "\n2 cannot be used\n", "cut.png: truncated png: its data are good up to row ",
		"page.jpg: is an HTML page, want a PNG", "\n1 same picture under two labels\n",
		"\n1 same picture in two splits\n",
		"\n2 class that a split lacks\n   dog: none in val\n   owl: none in val\n", "\n1 without a picture\n   empty\n",
		"1 not a picture: .txt, as " + filepath.Join("train", "cat", "notes.txt"),
		"1 left by a system or program, as " + filepath.Join("train", "cat", "Thumbs.db"),
		"\n7 usable of 9 pictures in 3 classes; 1 truncated; 1 not a picture; 1 under two labels; 1 in two splits; " +
			"1 class folder without a picture; 2 files passed over\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}

	var got struct {
		Images, Usable int
		Splits         []string
		Bad            []struct{ Path, Fault, Problem string }
		Copies         []struct{ Paths, Classes, Splits []string }
		Verdict        string
		Problem        string
	}
	decode(t, succeed(t, "data", "check", dir, "--on-bad-image", "skip", "--format", "json"), &got)
	if got.Images != 9 || got.Usable != 7 || len(got.Bad) != 2 || len(got.Copies) != 1 ||
		len(got.Copies[0].Paths) != 4 ||
		got.Problem != "" || !strings.HasPrefix(got.Verdict, "7 usable of 9") ||
		!slices.Equal(got.Splits, []string{"train", "val"}) {
		t.Errorf("%+v", got)
	}
	// Without decoding the cut picture passes, with a limit of pixels the larger ones do not.
	out = succeed(t, "data", "check", dir, "--heads", "--no-cache", "--on-bad-image", "skip")
	if !strings.Contains(out, "\n8 usable of 9") {
		t.Errorf("heads only:\n%s", out)
	}
	out = succeed(t, "data", "check", dir, "--max-pixels", "1000", "--on-bad-image", "skip")
	if !strings.Contains(out, "1.PNG: png of 30x40 pixels, 1200 in all, want at most 1000") {
		t.Errorf("at most 1000 pixels:\n%s", out)
	}
}

// A table lists the pictures of the folder that it lies in.
func TestDataCheckTable(t *testing.T) {
	dir := writeTroubled(t)
	table := filepath.Join(dir, "labels.csv")
	write(t, table, []byte("train/cat/1.PNG 0.5 x\ntrain/dog/2.jpeg 1.0 y\ntrain/dog/9.png 1.0 z\n"))
	var got struct {
		Images, Usable int
		Classes        []struct{ Name string }
		Bad            []struct{ Path, Fault string }
	}
	out := succeed(t, "data", "check", table, "--on-bad-image", "skip", "--format", "json")
	if decode(t, out, &got); got.Images != 3 || got.Usable != 2 || len(got.Classes) != 2 ||
		got.Classes[0].Name != "0.5" ||
		len(got.Bad) != 1 || got.Bad[0].Fault != "missing" {
		t.Errorf("%+v", got)
	}
	out = succeed(t, "data", "check", table, "--columns", "path,-,label", "--on-bad-image", "skip")
	if !strings.Contains(out, "\nx ") || !strings.Contains(out, "\n1 without a picture\n   z\n") {
		t.Errorf("by the third column:\n%s", out)
	}
	_, stderr, code := resnet(t, "data", "check", table, "--columns", "label", "--quiet")
	if code != 1 || !strings.Contains(stderr, "labels.csv: columns label, want path and label among them") {
		t.Errorf("exit status %d, %q", code, stderr)
	}
}

// Long lists are cut on a terminal, and names are shown as they can be read.
func TestDataCheckShowsNames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this system has no such names")
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	for _, class := range []string{"\x1b[31mred", "b\nc", "bad\xff"} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"1\x1b[2J.png", "2\n.png", "3\xff.png"} {
			write(t, filepath.Join(dir, class, name), []byte("\x89PNG\r\n\x1a\n"))
		}
	}
	stdout, stderr, code := resnet(t, "data", "check", dir)
	if code != 1 || strings.Contains(stdout+stderr, "\x1b") || strings.Contains(stdout+stderr, "\xff") ||
		!strings.Contains(stdout, `   \x1b[31mred/1\x1b[2J.png: truncated png`) {
		t.Errorf("exit status %d, %q, %q", code, stdout, stderr)
	}
	if !strings.Contains(stdout, "\n9 cannot be used\n") ||
		!strings.Contains(stdout, "   ... and 4 more; --format json has all\n") {
		t.Errorf("not shortened: %q", stdout)
	}
	var got struct{ Bad []struct{ Path string } }
	stdout, _, _ = resnet(t, "data", "check", dir, "--format", "json")
	if decode(t, stdout, &got); len(got.Bad) != 9 {
		t.Errorf("%d in JSON, want all 9", len(got.Bad))
	}
}

func TestDataCheckErrors(t *testing.T) {
	dir := writeTroubled(t)
	loose := t.TempDir()
	write(t, filepath.Join(loose, "1.png"), nil)
	write(t, filepath.Join(loose, "labels.csv"), nil)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "check: 0 folders or tables given, want one"}, {[]string{dir, dir}, 2,
			"check: 2 folders or tables given, want one"},
		{[]string{dir, "-j", "-1"}, 2, "check: -1 workers, want at least 1"},
		{[]string{dir, "--max-pixels", "0"}, 2, "check: --max-pixels 0, want at least 1"},
		{[]string{dir, "--on-bad-image", "ignore"}, 2, `--on-bad-image "ignore", want one of error, skip`},
		{[]string{dir, "--columns", "path,label"}, 2, "check: --columns with a folder, want a table"},
		{[]string{filepath.Join(dir, "none")}, 1, "none: no such file or directory"},
		{[]string{loose}, 1, "no class folders with pictures, want <class>/picture.png (or name the table: "},
		{[]string{filepath.Join(dir, "valid")}, 1, "one class with usable pictures to train on, want two or more"},
	} {
		_, stderr, code := resnet(t, append([]string{"data", "check", "--quiet"}, c.args...)...)
		if code != c.code || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit status %d, %q, want %d, %q", c.args, code, stderr, c.code, c.want)
		}
	}
}
