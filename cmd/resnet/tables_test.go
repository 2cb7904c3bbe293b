package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/data/parquet/parquettest"
)

// writeTable writes pictures in one folder and a table beside them, labels.csv, with a split for every fifth row. It
// returns the folder.
func writeTable(t *testing.T, n int) string {
	t.Helper()
	photos, dir := t.TempDir(), t.TempDir()
	writePhotos(t, photos, n)
	table := "photo,kind,part\n"
	for _, class := range paints {
		for i := range n {
			name := fmt.Sprintf("%s%d.jpg", class, i)
			write(t, filepath.Join(dir, name), read(t, filepath.Join(photos, class, fmt.Sprintf("%d.jpg", i))))
			split := "train"
			if i%5 == 4 {
				split = "test"
			}
			table += fmt.Sprintf("%s,%s,%s\n", name, class, split)
		}
	}
	write(t, filepath.Join(dir, "labels.csv"), []byte(table))
	return dir
}

// trainOwn trains on pictures of writePaints' colours. It also begins two short runs, of which one stops after its
// first epoch and is resumed: both must end in the same bits.
func trainOwn(t *testing.T, dir string, more ...string) trainResult {
	t.Helper()
	at := t.TempDir()
	train := func(name, epochs string, more ...string) trainResult {
		return trainPaints(t, dir, filepath.Join(at, name), append(more, "--epochs", epochs, "--batch-size", "2",
			"--input", "3x16x16")...)
	}
	want := train("whole", "2", more...)
	train("parts", "1", more...)
	parts := filepath.Join(at, "parts")
	succeed(t, "train", "--resume", parts, "--epochs", "2", "--no-plots", "--quiet")
	if !bytes.Equal(read(t, filepath.Join(parts, "weights", "last.safetensors")), read(t, want.LastWeights)) {
		t.Error("a resumed run ended in other weights")
	}
	return train("run", "30", slices.Concat(more, []string{"--sched", "cosine"})...)
}

// checkPaints holds a network to its data set's test split of n images, and to new pictures by the names of classes.
// Any working network tells three colours; chance is 0.33.
func checkPaints(t *testing.T, weights string, n int, args ...string) {
	t.Helper()
	var e evalResult
	decode(t, succeed(t, append([]string{"eval", "--weights", weights, "--device", "cpu", "--format", "json"},
		args...)...), &e)
	if e.Images != n || e.Accuracy < 0.9 || e.Classes[0].Name != "leaf" || e.Classes[2].Name != "tomato" {
		t.Errorf("%d images, accuracy %v, classes %+v, want %d images and the names in order", e.Images, e.Accuracy,
			e.Classes, n)
	}
	dir := t.TempDir()
	writePhotos(t, dir, 2)
	for _, class := range paints {
		var pictures []struct{ Top []struct{ Class string } }
		decode(t, succeed(t, "predict", filepath.Join(dir, class, "1.jpg"), "--weights", weights, "--device", "cpu",
			"--format", "json"), &pictures)
		if got := pictures[0].Top[0].Class; got != class {
			t.Errorf("a picture of %s is taken for %s", class, got)
		}
	}
}

// Pictures in folders without splits, of which some are held out for testing and others for validation.
func TestFoldersHeldOut(t *testing.T) {
	slowUnderRace(t)
	dir := t.TempDir()
	writePhotos(t, dir, 50)
	trained := trainOwn(t, dir, "--val", "20%")
	if c := trained.Config; c["dataset"] != "folders" || c["val"] != "20%" {
		t.Errorf("configuration %v, want folders and the share", c)
	}
	var info struct{ Train, Test struct{ N int } }
	decode(t, succeed(t, "data", "info", "--data-dir", dir, "--format", "json"), &info)
	if info.Train.N+info.Test.N != 150 {
		t.Errorf("%d images to train on and %d to test on, want 150", info.Train.N, info.Test.N)
	}
	checkPaints(t, trained.LastWeights, info.Test.N, "--data-dir", dir)
	// Others beside them change no side: what was for testing stays so.
	for _, class := range paints {
		write(t, filepath.Join(dir, class, "torn.png"), []byte("\x89PNG\r\n\x1a\n"))
	}
	out, stderr, code := resnet(t, "eval", "--weights", trained.LastWeights, "--data-dir", dir, "--device", "cpu")
	if code != 0 || !strings.Contains(out, fmt.Sprint(info.Test.N)) || strings.Count(stderr, "torn.png") != 3 {
		t.Errorf("with torn pictures: exit status %d, %q\n%s", code, stderr, out)
	}
}

// Parquet files of pictures through the whole program.
func TestParquet(t *testing.T) {
	slowUnderRace(t)
	photos, dir := t.TempDir(), t.TempDir()
	writePhotos(t, photos, 40)
	classes := slices.Sorted(slices.Values(paints[:]))
	rows := map[bool][]parquettest.Row{} // by whether they are for testing
	for label, class := range classes {
		for i := range 40 {
			name := fmt.Sprintf("%d.jpg", i)
			image := parquettest.Image{Bytes: read(t, filepath.Join(photos, class, name)), Path: name}
			rows[i%5 == 4] = append(rows[i%5 == 4], parquettest.Row{Image: image, Label: int64(label)})
		}
	}
	write(t, filepath.Join(dir, "train-00000-of-00001.parquet"), parquettest.Encode(t, classes, rows[false]...))
	write(t, filepath.Join(dir, "test-00000-of-00001.parquet"), parquettest.Encode(t, classes, rows[true]...))
	trained := trainOwn(t, dir, "--val", "25%")
	if c := trained.Config; c["dataset"] != "parquet" || c["data_dir"] != dir || c["val"] != "25%" {
		t.Errorf("configuration %v, want the files' folder and the share", c)
	}
	checkPaints(t, trained.LastWeights, 24, "--data-dir", dir)
}

// A table of pictures through the whole program.
func TestManifest(t *testing.T) {
	slowUnderRace(t)
	dir := writeTable(t, 40)
	table, columns := filepath.Join(dir, "labels.csv"), []string{"--columns", "path,label,split"}
	trained := trainOwn(t, table, append(columns, "--val", "25%")...)
	if c := trained.Config; c["dataset"] != "manifest" || c["data_dir"] != table || c["columns"] != columns[1] ||
		c["val"] != "25%" || c["input"] != "3x16x16" {
		t.Errorf("configuration %v, want the table, its columns, the share and the size", c)
	}
	checkPaints(t, trained.LastWeights, 24, append(columns, "--data-dir", table)...)

	// The folder does for its only table, and what is not there is an error before the first step.
	_, stderr, code := resnet(t, "train", "--data-dir", dir, "--epochs", "1", "--device", "cpu")
	if code != 1 || !strings.Contains(stderr, "labels.csv: line 1: ") || !strings.Contains(stderr, "--columns") {
		t.Errorf("without --columns: exit status %d, %q", code, stderr)
	}
	write(t, table, append(read(t, table), "gone.jpg,leaf,train\n"...))
	loud := append([]string{"train", "--data-dir", dir, "--epochs", "1", "--device", "cpu", "--output",
		filepath.Join(t.TempDir(), "run")}, columns...)
	_, stderr, code = resnet(t, loud...)
	if code != 1 || !strings.Contains(stderr, "1 of 121 pictures cannot be used") ||
		!strings.Contains(stderr, ": manifest, by labels.csv") || !strings.Contains(stderr, "gone.jpg (missing)") {
		t.Errorf("a picture is missing: exit status %d, %q", code, stderr)
	}
	if _, stderr, code = resnet(t, append(loud, "--val", "100%")...); code != 2 ||
		!strings.Contains(stderr, `val "100%", want test`) {
		t.Errorf("--val 100%%: exit status %d, %q", code, stderr)
	}
}
