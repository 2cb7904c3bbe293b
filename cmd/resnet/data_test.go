package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataInfo(t *testing.T) {
	dir := writeBars(t, 30)
	type info struct {
		Dataset, Dir, Checksum, Problem string
		Files                           []struct{ Name, Problem string }
		Train, Test                     *struct {
			N, H, W, C int
			PerClass   []int `json:"per_class"`
		}
	}
	var i info
	decode(t, succeed(t, "data", "info", "--dataset", "idx", "--data-dir", dir, "--format", "json"), &i)
	if i.Train == nil || i.Train.N != 30 || i.Train.H != side || len(i.Train.PerClass) != classes ||
		i.Train.PerClass[0] != 10 || len(i.Files) != 4 {
		t.Errorf("info %+v, want 30 training images, 10 of each class", i)
	}
	out := succeed(t, "data", "info", "--dataset", "idx", "--data-dir", dir)
	if !strings.Contains(out, "train: 30 images of 1x12x12 (C, H, W)") {
		t.Errorf("no training images in:\n%s", out)
	}

	// What is wrong is described on stdout all the same.
	if err := os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte")); err != nil {
		t.Fatal(err)
	}
	out, _, code := resnet(t, "data", "info", "--dataset", "idx", "--data-dir", dir, "--format", "json")
	var broken info
	decode(t, out, &broken)
	if code != 1 || broken.Train != nil || broken.Files[3].Problem == "" {
		t.Errorf("exit status %d, info %+v, want 1 and the fourth file's problem", code, broken)
	}
}
