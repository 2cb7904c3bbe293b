package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// infoFails has data info refuse a directory in one line that says what is wanted of it.
func infoFails(t *testing.T, dir string, wants ...string) {
	t.Helper()
	_, stderr, code := resnet(t, "data", "info", "--dataset", "idx", "--data-dir", dir)
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit status %d and %q, want 1 and one line", code, stderr)
	}
	for _, want := range wants {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr %q, want %q in it", stderr, want)
		}
	}
}

func TestDataInfoNamesWhatItFinds(t *testing.T) {
	t.Run("no file", func(t *testing.T) {
		infoFails(t, t.TempDir(), "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
			"t10k-labels-idx1-ubyte")
	})
	t.Run("floats", func(t *testing.T) {
		dir := writeBars(t, 6)
		file := append([]byte{0, 0, 0xd, 3, 0, 0, 0, 6, 0, 0, 0, 12, 0, 0, 0, 12}, make([]byte, 4*6*side*side)...)
		write(t, filepath.Join(dir, "train-images-idx3-ubyte"), file)
		infoFails(t, dir, "train-images-idx3-ubyte", "32-bit floats", "6x12x12")
	})
	t.Run("flat", func(t *testing.T) {
		dir := writeBars(t, 6)
		file := append([]byte{0, 0, 8, 2, 0, 0, 0, 6, 0, 0, 0, 144}, make([]byte, 6*side*side)...)
		write(t, filepath.Join(dir, "train-images-idx3-ubyte"), file)
		infoFails(t, dir, "train-images-idx3-ubyte", "unsigned bytes, 2 dimensions: 6x144", "6x12x12")
	})
	t.Run("one class", func(t *testing.T) {
		dir := t.TempDir()
		writeIDX(t, dir, "train", side, side, make([]byte, 6*side*side), make([]byte, 6))
		writeIDX(t, dir, "t10k", side, side, make([]byte, side*side), make([]byte, 1))
		infoFails(t, dir, "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte", "one class, nothing to learn")
		_, stderr, code := resnet(t, tiny(dir, "--output", filepath.Join(t.TempDir(), "run"))...)
		if code != 1 || !strings.Contains(stderr, "one class, nothing to learn") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("train: exit status %d, %q", code, stderr)
		}
	})
	// 4 TiB of nothing, which a disk does not hold either.
	t.Run("more than fits", func(t *testing.T) {
		dir := writeBars(t, 6)
		path := filepath.Join(dir, "train-images-idx3-ubyte")
		write(t, path, []byte{0, 0, 8, 3, 0x40, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 64})
		if err := os.Truncate(path, 16+1<<42); err != nil {
			t.Skip(err) // a file system without holes
		}
		infoFails(t, dir, "1073741824 images of 64x64: needs 4.40 TB, this machine has ", "room for ")
	})
}

// Names of files and folders reach the terminal as they can be read.
func TestDataInfoQuotesNames(t *testing.T) {
	dir := writeBars(t, 6)
	for _, name := range []string{
		"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
	} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, "\x1b[31mred-"+name)); err != nil {
			t.Skip(err) // Windows has no such names
		}
	}
	if out := succeed(t, "data", "info", "--dataset", "idx", "--data-dir", dir); strings.Contains(out, "\x1b") ||
		!strings.Contains(out, `\x1b[31mred-train-images-idx3-ubyte`) {
		t.Errorf("escape sequences in, or no name in %q", out)
	}
	// Also in the notes of train, which have the names of label files.
	labels := read(t, filepath.Join(dir, "\x1b[31mred-train-labels-idx1-ubyte"))
	labels[8] = 7
	write(t, filepath.Join(dir, "\x1b[31mred-train-labels-idx1-ubyte"), labels)
	loud := slices.DeleteFunc(tiny(dir, "--epochs", "1", "--output", filepath.Join(t.TempDir(), "run")),
		func(a string) bool { return a == "--quiet" })
	if _, stderr, code := resnet(t, loud...); code != 0 || strings.Contains(stderr, "\x1b") ||
		!strings.Contains(stderr, "no image of classes 3 to 6") {
		t.Errorf("exit status %d, escape sequences in, or no note in %q", code, stderr)
	}
	write(t, filepath.Join(dir, "\x1b[31mred-train-images-idx3-ubyte"), []byte("<html>"))
	stdout, stderr, _ := resnet(t, "data", "info", "--dataset", "idx", "--data-dir", dir)
	if strings.Contains(stdout+stderr, "\x1b") {
		t.Errorf("escape sequences in %q or %q", stdout, stderr)
	}
}

// A class that no image has is said, once, where the data set is looked at and where it is learnt.
func TestEmptyClassesAreNamed(t *testing.T) {
	dir := t.TempDir()
	pixels := make([]byte, 8*side*side)
	writeIDX(t, dir, "train", side, side, pixels, []byte{0, 1, 2, 0, 1, 2, 0, 9})
	writeIDX(t, dir, "t10k", side, side, pixels, []byte{0, 1, 2, 0, 1, 2, 0, 1})
	const note = "train-labels-idx1-ubyte: no image of classes 3 to 8, with 10 classes: label 9 of image 7"
	if out := succeed(t, "data", "info", "--dataset", "idx", "--data-dir", dir); !strings.Contains(out, note) {
		t.Errorf("no %q in:\n%s", note, out)
	}
	args := tiny(dir, "--epochs", "1", "--output", filepath.Join(t.TempDir(), "run"))
	loud := slices.DeleteFunc(args, func(a string) bool { return a == "--quiet" })
	if _, stderr, code := resnet(t, loud...); code != 0 || strings.Count(stderr, note) != 1 {
		t.Errorf("exit status %d, want 0 and one %q in:\n%s", code, note, stderr)
	}
}

// Whether rows and columns are exchanged is a property of the run and of its weights.
func TestTranspose(t *testing.T) {
	slowUnderRace(t)
	upright, dir := writeBars(t, 60), t.TempDir()
	for _, stem := range []string{"train", "t10k"} { // EMNIST's names and EMNIST's order
		b := read(t, filepath.Join(upright, stem+"-images-idx3-ubyte"))
		pixels := b[16:]
		for i := 0; i < len(pixels); i += side * side {
			for y := range side {
				for x := range y {
					a, c := i+y*side+x, i+x*side+y
					pixels[a], pixels[c] = pixels[c], pixels[a]
				}
			}
		}
		name := "emnist-bars-" + strings.Replace(stem, "t10k", "test", 1)
		write(t, filepath.Join(dir, name+"-images-idx3-ubyte"), b)
		labels := read(t, filepath.Join(upright, stem+"-labels-idx1-ubyte"))
		write(t, filepath.Join(dir, name+"-labels-idx1-ubyte"), labels)
	}
	out := succeed(t, "data", "info", "--dataset", "idx", "--data-dir", dir)
	if !strings.Contains(out, "--transpose") {
		t.Errorf("no hint of --transpose in:\n%s", out)
	}
	out = succeed(t, "data", "info", "--dataset", "idx", "--data-dir", dir, "--transpose")
	if strings.Contains(out, "--transpose") || !strings.Contains(out, "rows and columns exchanged") {
		t.Errorf("a hint of --transpose, or not said what it does, in:\n%s", out)
	}

	want, got := filepath.Join(t.TempDir(), "upright"), filepath.Join(t.TempDir(), "turned")
	succeed(t, tiny(upright, "--epochs", "2", "--output", want)...)
	succeed(t, tiny(dir, "--epochs", "1", "--sched", "constant", "--output", got, "--transpose")...)
	_, stderr, code := resnet(t, "train", "--resume", got, "--transpose=false", "--epochs", "2")
	if code != 1 || !strings.Contains(stderr, "transpose is false, but the run began with true") {
		t.Errorf("resume without: exit status %d, %q", code, stderr)
	}
	succeed(t, "train", "--resume", got, "--epochs", "2", "--no-plots", "--quiet")

	eval := func(run, dir string, more ...string) (e evalResult) {
		args := []string{"eval", "--weights", filepath.Join(run, "weights", "last.safetensors"), "--data-dir", dir,
			"--dataset", "idx", "--device", "cpu", "--format", "json"}
		decode(t, succeed(t, append(args, more...)...), &e)
		return e
	}
	straight := eval(want, upright)
	if e := eval(got, dir); e.Loss != straight.Loss {
		t.Errorf("loss %v on the turned images, want %v as on the upright ones", e.Loss, straight.Loss)
	}
	if e := eval(got, upright, "--transpose=false"); e.Loss != straight.Loss {
		t.Errorf("loss %v on upright images, want %v", e.Loss, straight.Loss)
	}
	if e := eval(got, dir, "--transpose=false"); e.Loss == straight.Loss {
		t.Error("--transpose=false makes no difference")
	}
}

// A run finds its data again from any working directory, also after both were moved.
func TestResumeFindsTheData(t *testing.T) {
	slowUnderRace(t)
	root := filepath.Join(t.TempDir(), "project")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(writeBars(t, 30), filepath.Join(root, "bars")); err != nil {
		t.Fatal(err)
	}
	c := command(tiny("bars", "--epochs", "1", "--sched", "constant", "--output", filepath.Join("runs", "mine"))...)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := filepath.Join(root, "runs", "mine")
	var cfg struct {
		DataDir string `json:"data_dir"`
	}
	err := json.Unmarshal(read(t, filepath.Join(run, "config.json")), &cfg)
	if err != nil || !filepath.IsAbs(cfg.DataDir) {
		t.Errorf("data_dir %q, %v, want an absolute path", cfg.DataDir, err)
	}
	resume := func(what, run, epochs string, more ...string) {
		t.Helper()
		args := []string{"train", "--resume", run, "--epochs", epochs, "--no-plots", "--quiet"}
		c := command(append(args, more...)...)
		c.Dir = t.TempDir()
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", what, err, out)
		}
	}
	resume("from elsewhere", run, "2")
	moved := filepath.Join(filepath.Dir(root), "moved")
	if err := os.Rename(root, moved); err != nil {
		t.Fatal(err)
	}
	run = filepath.Join(moved, "runs", "mine")
	resume("moved", run, "3")

	aside := filepath.Join(filepath.Dir(root), "aside")
	if err := os.Rename(filepath.Join(moved, "bars"), aside); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := resnet(t, "train", "--resume", run, "--epochs", "4")
	if code != 1 || !strings.Contains(stderr, "bars: no such directory") || !strings.Contains(stderr, "--data-dir") {
		t.Errorf("without data: exit status %d, %q", code, stderr)
	}
	resume("with --data-dir", run, "4", "--data-dir", aside)
	if !bytes.Contains(read(t, filepath.Join(run, "config.json")), []byte("aside")) {
		t.Error("the new directory is not recorded")
	}
}
