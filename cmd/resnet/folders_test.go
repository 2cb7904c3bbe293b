package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writePhotos writes pictures of writePaints' colours in folders of the classes' names, n of each, below a directory.
func writePhotos(t *testing.T, dir string, n int) {
	t.Helper()
	noise := uint32(n)
	for label, name := range paints {
		folder := filepath.Join(dir, name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			m := image.NewNRGBA(image.Rect(0, 0, 20+i, 16))
			for p := range m.Pix {
				noise = noise*1664525 + 1013904223
				c := paint(label, byte(noise>>27))
				m.Pix[p] = [4]byte{c.R, c.G, c.B, c.A}[p%4]
			}
			var b bytes.Buffer
			if err := png.Encode(&b, m); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(folder, fmt.Sprintf("%d.jpg", i)), b.Bytes()) // told by the content
		}
	}
}

// A folder of pictures through the whole program: nothing but its name is given.
func TestFolders(t *testing.T) {
	slowUnderRace(t)
	dir, run := t.TempDir(), filepath.Join(t.TempDir(), "run")
	writePhotos(t, filepath.Join(dir, "train"), 20)
	writePhotos(t, filepath.Join(dir, "valid"), 4)
	writePhotos(t, filepath.Join(dir, "test"), 5)
	trained := trainPaints(t, dir, run, "--epochs", "30", "--batch-size", "2", "--input", "3x16x16",
		"--sched", "cosine")
	if c := trained.Config; c["dataset"] != "folders" || c["val"] != "val" || c["input"] != "3x16x16" {
		t.Errorf("configuration %v, want folders, the validation split and the size", c)
	}
	// Any working network learns three colours; chance is 0.33.
	if last := trained.Epochs[29]; last.Val == nil || last.Val.Accuracy < 0.9 {
		t.Errorf("last epoch %+v, validation %+v, want an accuracy above 0.9", last, last.Val)
	}
	for split, n := range map[string]int{"train": 60, "val": 12, "test": 15} {
		var e evalResult
		decode(t, succeed(t, "eval", "--weights", trained.LastWeights, "--data-dir", dir, "--split", split, "--device",
			"cpu", "--format", "json"), &e)
		if e.Images != n || e.Accuracy < 0.9 || e.Classes[0].Name != "leaf" || e.Classes[2].Name != "tomato" {
			t.Errorf("%s: %d images, accuracy %v, classes %+v, want %d and the names in order", split, e.Images,
				e.Accuracy, e.Classes, n)
		}
	}
	var pictures []struct{ Top []struct{ Class string } }
	decode(t, succeed(t, "predict", filepath.Join(dir, "test", "sky"), "--weights", trained.LastWeights, "--device",
		"cpu", "--format", "json"), &pictures)
	if len(pictures) != 5 || pictures[0].Top[0].Class != "sky" {
		t.Errorf("%+v, want 5 pictures of sky", pictures)
	}
	// A class that the data lack does not shift the others.
	if err := os.RemoveAll(filepath.Join(dir, "train", "leaf")); err != nil {
		t.Fatal(err)
	}
	for _, split := range []string{"valid", "test"} {
		if err := os.RemoveAll(filepath.Join(dir, split, "leaf")); err != nil {
			t.Fatal(err)
		}
	}
	var e evalResult
	decode(t, succeed(t, "eval", "--weights", trained.LastWeights, "--data-dir", dir, "--device", "cpu", "--format",
		"json"), &e)
	if e.Images != 10 || e.Accuracy < 0.9 || e.Classes[0].Support != 0 || e.Classes[2].Support != 5 {
		t.Errorf("without leaf: %d images, accuracy %v, classes %+v", e.Images, e.Accuracy, e.Classes)
	}
	_, stderr, code := resnet(t, "train", "--resume", run, "--epochs", "31")
	if code != 1 || !strings.Contains(stderr, "epochs is 31") {
		t.Errorf("a cosine schedule was stretched: exit status %d, %q", code, stderr)
	}
}

// What is said of a folder of pictures before it is trained on.
func TestFoldersSayWhatTheyAre(t *testing.T) {
	dir := t.TempDir()
	writePhotos(t, dir, 5)
	write(t, filepath.Join(dir, "sky", "torn.png"), []byte("\x89PNG\r\n\x1a\nand so on"))
	loud := []string{"train", "--data-dir", dir, "--epochs", "1", "--base-channels", "2", "--hidden", "0",
		"--device", "cpu", "--no-plots", "--output", filepath.Join(t.TempDir(), "run")}
	_, stderr, code := resnet(t, append(loud, "--on-bad-image", "skip")...)
	for _, want := range []string{": folders, by leaf", "pictures of 3 classes as 3x64x64",
		"held out as the test split", "passed over: picture: " + filepath.Join(dir, "sky", "torn.png")} {
		if code != 0 || !strings.Contains(stderr, want) {
			t.Errorf("exit status %d, no %q in:\n%s", code, want, stderr)
		}
	}
	run := loud[len(loud)-1]
	torn := filepath.Join("sky", "torn.png")
	if list := string(read(t, filepath.Join(run, "bad-images.txt"))); !strings.HasPrefix(list, torn+"\t") ||
		strings.Count(list, "\n") != 1 {
		t.Errorf("bad-images.txt: %q, want a line of torn.png", list)
	}
	// Unless that is asked for, they end it before the first step, all of them named.
	for i := range 4 {
		write(t, filepath.Join(dir, "leaf", fmt.Sprintf("page%d.jpg", i)), []byte("<html>"))
	}
	loud[len(loud)-1] = filepath.Join(t.TempDir(), "none")
	_, stderr, code = resnet(t, loud...)
	for _, want := range []string{"resnet: data: " + dir + ": 5 of 20 pictures cannot be used (--on-bad-image skip",
		"page0.jpg (is an HTML page", "page3.jpg (is an HTML page", torn + " (truncated png"} {
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("exit status %d, no %q in:\n%s", code, want, stderr)
		}
	}
	if _, err := os.Stat(loud[len(loud)-1]); !os.IsNotExist(err) {
		t.Errorf("a run directory was made: %v", err)
	}
	if _, stderr, code := resnet(t, append(loud, "--on-bad-image", "ignore")...); code != 2 ||
		!strings.Contains(stderr, `on bad image "ignore", want error or skip`) {
		t.Errorf("--on-bad-image ignore: exit status %d, %q", code, stderr)
	}
	out := succeed(t, "data", "info", "--data-dir", dir)
	for _, want := range []string{"dataset   folders\n", " images of 3x64x64", "tomato", "note: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	var info struct{ Train, Test struct{ N int } }
	decode(t, succeed(t, "data", "info", "--data-dir", dir, "--format", "json"), &info)
	if info.Train.N+info.Test.N != 15 || info.Test.N < 3 {
		t.Errorf("%d images to train on and %d to test on, want 15, some of each class to test on", info.Train.N,
			info.Test.N)
	}
	_, stderr, code = resnet(t, append(loud, "--input", "64x64x3")...)
	if code != 2 || !strings.Contains(stderr, `input "64x64x3": want channels first: 3x64x64`) {
		t.Errorf("--input: exit status %d, %q", code, stderr)
	}
	_, stderr, code = resnet(t, append(loud, "--on-bad-image", "skip", "--val", "val")...)
	if code != 1 || !strings.Contains(stderr, "has no validation split (--val N or 10%") {
		t.Errorf("--val val: exit status %d, %q", code, stderr)
	}
}
