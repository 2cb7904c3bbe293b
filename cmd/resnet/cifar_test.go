package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// paints are the classes of writePaints, in the order of their labels.
var paints = []string{"tomato", "leaf", "sky"}

// paint is a pixel of a class's images, with some noise.
func paint(label int, noise byte) color.NRGBA {
	rgb := [3]byte{60, 60, 60}
	rgb[label] = 190
	return color.NRGBA{R: rgb[0] + noise, G: rgb[1] + noise, B: rgb[2] + noise, A: 255}
}

// writePaints writes a data set in CIFAR-10's binary format, with class names: two training batches of 30 images and a
// test batch of 20, each image of one colour with some noise.
func writePaints(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	noise := uint32(1)
	for i, n := range []int{30, 30, testImages} {
		name := []string{"data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"}[i]
		var b []byte
		for k := range n {
			record := make([]byte, 1+3*1024)
			record[0] = byte(k % len(paints))
			for i := range 1024 {
				noise = noise*1664525 + 1013904223
				c := paint(k%len(paints), byte(noise>>27))
				record[1+i], record[1+1024+i], record[1+2048+i] = c.R, c.G, c.B
			}
			b = append(b, record...)
		}
		write(t, filepath.Join(dir, name), b)
	}
	write(t, filepath.Join(dir, "batches.meta.txt"), []byte(strings.Join(paints, "\n")+"\n\n"))
	return dir
}

// trainPaints trains a small network on writePaints' images; which data set they are is found out.
func trainPaints(t *testing.T, dir, run string, more ...string) trainResult {
	t.Helper()
	var trained trainResult
	args := append([]string{"train", "--data-dir", dir, "--base-channels", "4", "--hidden", "16", "--batch-size", "8",
		"--no-plots", "--quiet", "--device", "cpu", "--hflip", "0.5", "--crop-padding", "4", "--output", run,
		"--format", "json"}, more...)
	decode(t, succeed(t, args...), &trained)
	return trained
}

// Colour images of 32x32 through the whole program, known by their files and by the names of their classes.
func TestCIFAR(t *testing.T) {
	slowUnderRace(t)
	dir, run := writePaints(t), filepath.Join(t.TempDir(), "run")
	trained := trainPaints(t, dir, run, "--epochs", "6")
	if trained.Config["dataset"] != "cifar-binary" || trained.Config["data_dir"] != dir {
		t.Errorf("configuration %v, want the data set that was found and its directory", trained.Config)
	}
	last := trained.Epochs[len(trained.Epochs)-1]
	if last.Train.Accuracy < 0.9 { // colours are told apart by the first convolution; chance is 0.33
		t.Errorf("accuracy %v, want above 0.9", last.Train.Accuracy)
	}

	var e evalResult
	decode(t, succeed(t, "eval", "--weights", trained.LastWeights, "--data-dir", dir, "--device", "cpu", "--format",
		"json"), &e)
	if e.Images != testImages || len(e.Classes) != 3 || e.Classes[2].Name != "sky" || e.Accuracy != last.Val.Accuracy {
		t.Errorf("%d images, classes %+v, accuracy %v, want %d and the run's %v", e.Images, e.Classes, e.Accuracy,
			testImages, last.Val.Accuracy)
	}

	// Another order of the names is the same classes, under other numbers.
	turned := writePaints(t)
	write(t, filepath.Join(turned, "batches.meta.txt"), []byte("leaf\nsky\ntomato\n"))
	relabel(t, turned, []byte{2, 0, 1})
	var again evalResult
	decode(t, succeed(t, "eval", "--weights", trained.LastWeights, "--data-dir", turned, "--device", "cpu", "--format",
		"json"), &again)
	if again.Loss != e.Loss || again.Classes[0].Name != "tomato" {
		t.Errorf("loss %v with the classes in another order, want %v", again.Loss, e.Loss)
	}
	write(t, filepath.Join(turned, "batches.meta.txt"), []byte("leaf\nsky\nrose\n"))
	_, stderr, code := resnet(t, "eval", "--weights", trained.LastWeights, "--data-dir", turned, "--device", "cpu")
	const want = `the network has no class "rose"; its classes are "tomato", "leaf", "sky"`
	if code != 1 || !strings.Contains(stderr, want) {
		t.Errorf("another class: exit status %d, %q", code, stderr)
	}
}

// relabel replaces each label by that at its place.
func relabel(t *testing.T, dir string, to []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.bin"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b := read(t, file)
		for i := 0; i < len(b); i += 3073 {
			b[i] = to[b[i]]
		}
		write(t, file, b)
	}
}

func TestCIFARResumes(t *testing.T) {
	slowUnderRace(t)
	dir, whole, parts := writePaints(t), filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	want := trainPaints(t, dir, whole, "--epochs", "2")
	trainPaints(t, dir, parts, "--epochs", "1")
	succeed(t, "train", "--resume", parts, "--epochs", "2", "--no-plots", "--quiet")
	got := read(t, filepath.Join(parts, "weights", "last.safetensors"))
	if !bytes.Equal(got, read(t, want.LastWeights)) {
		t.Error("a resumed run ended in other weights")
	}
	// The first label of a batch is another: the data are not those that the run began on.
	b := read(t, filepath.Join(dir, "data_batch_1.bin"))
	b[0] = 2
	write(t, filepath.Join(dir, "data_batch_1.bin"), b)
	_, stderr, code := resnet(t, "train", "--resume", parts, "--epochs", "3")
	if code != 1 || !strings.Contains(stderr, "but the run began on") {
		t.Errorf("changed data: exit status %d, %q", code, stderr)
	}
}

func TestCIFARPredictAndExport(t *testing.T) {
	slowUnderRace(t)
	dir, run := writePaints(t), filepath.Join(t.TempDir(), "run")
	// Running statistics begin at a variance of 1, of which 900 steps leave 0.99^900 = 1e-4.
	trained := trainPaints(t, dir, run, "--epochs", "30", "--batch-size", "2", "--sched", "cosine")
	picture := image.NewNRGBA(image.Rect(0, 0, 50, 50))
	for i := range picture.Pix {
		c := paint(1, 15)
		picture.Pix[i] = [4]byte{c.R, c.G, c.B, c.A}[i%4]
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	file, grid := filepath.Join(t.TempDir(), "green.png"), filepath.Join(t.TempDir(), "grid.png")
	write(t, file, b.Bytes())
	var pictures []struct {
		Label string
		Top   []struct{ Class string }
	}
	decode(t, succeed(t, "predict", file, "--weights", trained.LastWeights, "--device", "cpu", "--indices", "2",
		"--data-dir", dir, "--grid", grid, "--format", "json"), &pictures)
	if len(pictures) != 2 || pictures[0].Label != "sky" || pictures[1].Top[0].Class != "leaf" {
		t.Errorf("%+v, want test[2], which is sky, and a picture that is predicted to be leaf", pictures)
	}
	if im, err := png.Decode(bytes.NewReader(read(t, grid))); err != nil || im.Bounds().Empty() {
		t.Errorf("grid: %v", err)
	}

	shape := []string{"--base-channels", "4", "--hidden", "16", "--input", "3x32x32", "--classes", "3",
		"--dataset", "cifar-binary"}
	back := filepath.Join(t.TempDir(), "back.safetensors")
	for _, name := range []string{"m.onnx", "m.keras", "m.h5"} {
		path := filepath.Join(t.TempDir(), name)
		succeed(t, "export", "--weights", trained.LastWeights, "-o", path)
		if name == "m.onnx" {
			if !bytes.Contains(read(t, path), []byte("tomato")) {
				t.Error("the ONNX file does not name the classes")
			}
			continue
		}
		succeed(t, append([]string{"import", path, "-o", back}, shape...)...)
		var before, after evalResult
		for weights, e := range map[string]*evalResult{trained.LastWeights: &before, back: &after} {
			decode(t, succeed(t, "eval", "--weights", weights, "--data-dir", dir, "--dataset", "cifar-binary",
				"--device", "cpu", "--format", "json"), e)
		}
		if before.Loss != after.Loss {
			t.Errorf("%s: loss %v after export and import, want %v", name, after.Loss, before.Loss)
		}
	}
}

// CIFAR-10 by its name is the published files and no others.
func TestCIFAR10IsAsPublished(t *testing.T) {
	dir := writePaints(t)
	for _, args := range [][]string{
		{"train", "--quiet", "--dataset", "cifar10"},
		{"data", "info", "--dataset", "cifar10"},
		{"data", "verify", "--dataset", "cifar10"},
	} {
		stdout, stderr, code := resnet(t, append(args, "--data-dir", dir)...)
		const want = "data_batch_1.bin: 92190 bytes, want the 30730000 that are published"
		if code != 1 || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit status %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

func TestDataListAndVerify(t *testing.T) {
	out := succeed(t, "data", "list")
	for _, want := range []string{"fashion-mnist ", "cifar10  ", "cifar100 ", "emnist-letters ", "kmnist ", "idx  "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	var all []struct {
		Name    string
		Classes []string
	}
	decode(t, succeed(t, "data", "list", "--format", "json"), &all)
	if len(all) != strings.Count(out, "\n") || all[0].Name != "auto" {
		t.Errorf("%d data sets in JSON, %d in the table", len(all), strings.Count(out, "\n"))
	}
	dir := writePaints(t)
	out, stderr, code := resnet(t, "data", "verify", "--data-dir", dir)
	want := "data_batch_1.bin: readable\ndata_batch_2.bin: readable\ntest_batch.bin: readable\n"
	if code != 0 || out != want || stderr != "" {
		t.Errorf("exit status %d, %q, %q, want %q", code, out, stderr, want)
	}
	if err := os.Truncate(filepath.Join(dir, "test_batch.bin"), 5000); err != nil {
		t.Fatal(err)
	}
	out, stderr, code = resnet(t, "data", "verify", "--data-dir", dir)
	if code != 1 || !strings.Contains(out, "test_batch.bin: test_batch.bin: 5000 bytes, want a multiple of 3073") ||
		!strings.Contains(stderr, "not usable") {
		t.Errorf("cut: exit status %d, %q, %q", code, out, stderr)
	}
	info := succeed(t, "data", "info", "--data-dir", writePaints(t))
	for _, want := range []string{"dataset   cifar-binary\n", "train: 60 images of 3x32x32 (C, H, W)", "channel 2",
		"sky "} {
		if !strings.Contains(info, want) {
			t.Errorf("no %q in:\n%s", want, info)
		}
	}
}
