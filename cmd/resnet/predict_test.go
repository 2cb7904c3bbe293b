package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// predicted is an entry of predict --format json.
type predicted struct {
	Source, Error string
	Top           []struct {
		Class       string
		Probability float64
	}
}

// corner is a picture with a bright corner, so that it looks different from every side; margins are dark.
func corner() *image.Gray {
	m := image.NewGray(image.Rect(0, 0, 60, 60))
	for y := 5; y < 30; y++ {
		for x := 5; x < 20; x++ {
			m.SetGray(x, y, color.Gray{250})
		}
	}
	return m
}

func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each picture gets an answer; the bad ones are named, and the exit status is 1.
func TestPredictBadPictures(t *testing.T) {
	weights, dir := smallNetwork(t), t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		write(t, path, content)
		return path
	}
	whole := jpegOf(t, corner())
	good := file("good.png", pngOf(t, corner()))
	unended := file("unended.jpg", whole[:len(whole)-2])
	cut := file("cut.jpg", whole[:len(whole)-40])
	heic := file("photo.heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"))
	missing := filepath.Join(dir, "missing.png")
	args := []string{"predict", "--device", "cpu", "--weights", weights, good, cut, unended, heic, missing, good}

	stdout, stderr, code := resnet(t, args...)
	if code != 1 {
		t.Errorf("exit status %d, want 1", code)
	}
	if lines := strings.Split(strings.TrimSpace(stdout), "\n"); len(lines) != 4 || !strings.Contains(lines[1], good) ||
		!strings.Contains(lines[2], unended) || !strings.Contains(lines[3], good) {
		t.Errorf("table of the good ones, want a heading and three lines:\n%s", stdout)
	}
	for i, want := range []string{
		"resnet: picture: " + cut + ": truncated jpeg: its data are good up to row ",
		"resnet: picture: " + heic + ": is a HEIC picture, which is not supported; convert it to PNG or JPEG",
		"resnet: picture: " + missing + ": no such file or directory",
		"resnet: predict: 3 of 6 pictures could not be read",
	} {
		if lines := strings.Split(stderr, "\n"); len(lines) != 5 || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of four, want %q:\n%s", i, want, stderr)
		}
	}

	stdout, _, code = resnet(t, append(args, "--format", "json")...)
	var entries []predicted
	decode(t, stdout, &entries)
	for i, want := range []struct{ source, err string }{
		{good, ""}, {cut, "truncated jpeg"}, {unended, ""}, {heic, "HEIC"}, {missing, "no such file"}, {good, ""},
	} {
		e := entries[i]
		if e.Source != want.source || (want.err == "") != (e.Error == "") || !strings.Contains(e.Error, want.err) ||
			e.Top == nil || (len(e.Top) == 0) != (e.Error != "") {
			t.Errorf("entry %d is %+v, want %v", i, e, want)
		}
	}
	if code != 1 || len(entries) != 6 {
		t.Errorf("exit status %d with %d entries, want 1 with 6", code, len(entries))
	}
}

// A folder stands for the pictures in it.
func TestPredictFolder(t *testing.T) {
	weights, dir := smallNetwork(t), t.TempDir()
	content := pngOf(t, corner())
	for _, name := range []string{"b.png", "a.jpg", "c", ".hidden.png", "Thumbs.db", "notes.txt"} {
		if name == "notes.txt" {
			content = []byte("notes")
		}
		write(t, filepath.Join(dir, name), content)
	}
	inner := filepath.Join(dir, "inner")
	for _, name := range []string{inner, filepath.Join(dir, "__MACOSX")} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	stdout, stderr, code := resnet(t, "predict", "--device", "cpu", "--weights", weights, "--format", "json", dir)
	var entries []predicted
	decode(t, stdout, &entries)
	var names []string
	for _, e := range entries {
		names = append(names, filepath.Base(e.Source))
	}
	if code != 0 || !slices.Equal(names, []string{"a.jpg", "b.png", "c"}) {
		t.Errorf("exit status %d, pictures %q, want a.jpg, b.png and c", code, names)
	}
	if want := "note: " + dir + ": not read: 1 file that is no picture, 1 folder (give it by name)\n"; stderr != want {
		t.Errorf("stderr %q, want %q", stderr, want)
	}
	_, stderr, code = resnet(t, "predict", "--device", "cpu", "--weights", weights, inner)
	if want := "resnet: picture: " + inner + ": no pictures in this folder\n"; code != 1 || stderr != want {
		t.Errorf("exit status %d, stderr %q, want 1, %q", code, stderr, want)
	}
}

// A picture that its camera stored lying is predicted as the upright one.
func TestPredictOrientation(t *testing.T) {
	weights, dir := smallNetwork(t), t.TempDir()
	upright, lying := corner(), image.NewGray(image.Rect(0, 0, 60, 60))
	for y := range 60 {
		for x := range 60 {
			lying.SetGray(y, 59-x, upright.GrayAt(x, y)) // turned left
		}
	}
	exif := []byte("eXIfMM\x00*\x00\x00\x00\x08" + // a directory of one field, 274, a number of 16 bits
		"\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(exif)-4)), exif...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(exif))
	b := pngOf(t, lying)
	write(t, filepath.Join(dir, "1.png"), pngOf(t, upright))
	write(t, filepath.Join(dir, "2.png"), slices.Concat(b[:33], chunk, b[33:])) // behind the header
	var entries []predicted
	decode(t, succeed(t, "predict", "--device", "cpu", "--weights", weights, "--format", "json", dir), &entries)
	if len(entries) != 2 || !slices.Equal(entries[0].Top, entries[1].Top) {
		t.Errorf("upright and lying: %+v, want the same twice", entries)
	}
}

// One line hints at --invert where pictures and data set differ, and only there.
func TestPredictHint(t *testing.T) {
	weights, dir := smallNetwork(t), t.TempDir()
	dark, light := filepath.Join(dir, "dark.png"), filepath.Join(dir, "light.png")
	drawn := filepath.Join(dir, "drawn.png")
	inverted, transparent := image.NewGray(corner().Rect), image.NewNRGBA(corner().Rect)
	for i, v := range corner().Pix {
		inverted.Pix[i] = 255 - v
		transparent.Pix[4*i+3] = v // black where the picture is bright, nothing elsewhere
	}
	write(t, dark, pngOf(t, corner()))
	write(t, light, pngOf(t, inverted))
	write(t, drawn, pngOf(t, transparent))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{dark, light, drawn},
			"note: " + light + ", " + drawn + ": dark on light, while fashion-mnist is light on dark: try --invert\n"},
		{[]string{light, "--invert"}, ""},
		{[]string{drawn, "--invert"}, ""},
		{[]string{dark}, ""},
		{[]string{dark, "--invert"}, "note: " + dark + ": light on dark, as fashion-mnist is: leave out --invert\n"},
		{[]string{light, light, light, light, light}, light + " and 2 more: dark on light"},
		{[]string{light, "--dataset", "idx"}, ""}, // nobody knows what those are
	} {
		args := append([]string{"predict", "--device", "cpu", "--weights", weights, "--dataset", "fashion-mnist"},
			c.args...)
		_, stderr, code := resnet(t, args...)
		if code != 0 || !strings.Contains(stderr, c.want) || c.want == "" && stderr != "" {
			t.Errorf("%q: exit status %d, stderr %q, want 0, %q", c.args, code, stderr, c.want)
		}
	}
}

// What a name would do to the terminal is quoted.
func TestPredictQuotes(t *testing.T) {
	weights, dir := smallNetwork(t), t.TempDir()
	good, bad := filepath.Join(dir, "a\x1b[31m.png"), filepath.Join(dir, "b\nc.png")
	if err := os.WriteFile(good, pngOf(t, corner()), 0o644); err != nil {
		t.Skip("this file system has no such names")
	}
	write(t, bad, nil)
	stdout, stderr, code := resnet(t, "predict", "--device", "cpu", "--weights", weights, dir)
	if code != 1 || strings.Contains(stdout+stderr, "\x1b") || !strings.Contains(stdout, `a\x1b[31m.png`) ||
		strings.Count(stderr, "\n") != 2 {
		t.Errorf("exit status %d, stdout %q, stderr %q, want escapes quoted and a line each", code, stdout, stderr)
	}
}
