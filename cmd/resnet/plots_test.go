package main

import (
	"bytes"
	"fmt"
	"image/png"
	"path/filepath"
	"strings"
	"testing"
)

// isPNG checks that a file is a picture that can be decoded whole.
func isPNG(t *testing.T, path string) {
	t.Helper()
	im, err := png.Decode(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Errorf("%s: %v", path, err)
	} else if s := im.Bounds().Size(); s.X < 100 || s.Y < 100 {
		t.Errorf("%s: %v pixels, want a picture", path, s)
	}
}

func TestEvalPlots(t *testing.T) {
	slowUnderRace(t)
	weights := smallNetwork(t)
	pictures := filepath.Join(t.TempDir(), "new", "pictures")
	succeed(t, "eval", "--weights", weights, "--data-dir", writeBars(t, 24), "--plots", pictures, "--device", "cpu")
	for _, name := range []string{"confusion", "predictions", "wrong", "filters"} {
		isPNG(t, filepath.Join(pictures, name+".png"))
	}
}

// The surest mistakes are those that a listing of all images has, in order, and the picture shows the same ones.
func TestPredictWrong(t *testing.T) {
	weights, dir := smallNetwork(t), writeBars(t, 24)
	type picture struct {
		Source, Label string
		Top           []struct {
			Class       string
			Probability float64
		}
	}
	list := func(args ...string) (pictures []picture) {
		t.Helper()
		args = append([]string{"predict", "--weights", weights, "--data-dir", dir, "--device", "cpu",
			"--format", "json"}, args...)
		decode(t, succeed(t, args...), &pictures)
		return pictures
	}
	all := list("--indices", fmt.Sprintf("0:%d", testImages))
	wrong := map[string]picture{}
	for _, p := range all {
		if p.Label != p.Top[0].Class {
			wrong[p.Source] = p
		}
	}
	if len(wrong) < 5 || len(all) != testImages {
		t.Fatalf("%d mistakes among %d images, want at least 5 of a network that has hardly trained, among %d",
			len(wrong), len(all), testImages)
	}
	grid := filepath.Join(t.TempDir(), "grid.svg")
	mistakes := list("--wrong", "100", "--grid", grid)
	if len(mistakes) != len(wrong) {
		t.Errorf("%d mistakes, want the %d of the whole listing", len(mistakes), len(wrong))
	}
	svg := string(read(t, grid))
	for i, m := range mistakes {
		if w, ok := wrong[m.Source]; !ok || w.Top[0] != m.Top[0] {
			t.Errorf("mistake %+v, want one of %+v", m, wrong)
		}
		if i > 0 && m.Top[0].Probability > mistakes[i-1].Top[0].Probability {
			t.Errorf("mistake %d is surer than the one before it: %v, %v", i, m.Top[0], mistakes[i-1].Top[0])
		}
		if !strings.Contains(svg, m.Source) {
			t.Errorf("%s is not in the picture", m.Source)
		}
	}
	if few := list("--wrong", "2"); len(few) != 2 || few[0].Source != mistakes[0].Source {
		t.Errorf("--wrong 2: %+v, want the first two of %+v", few, mistakes[:2])
	}
	// Among chosen images only those are looked at.
	if some := list("--wrong", "100", "--indices", "0:5"); len(some) >= len(mistakes) {
		t.Errorf("%d mistakes among five images, %d among all", len(some), len(mistakes))
	}
}

// A grid has the images of the data set and those of files, and leaves stdout as it is.
func TestPredictGrid(t *testing.T) {
	weights, dir := smallNetwork(t), writeBars(t, 24)
	args := []string{"predict", "--weights", weights, "--data-dir", dir, "--device", "cpu", "--indices", "3:6"}
	plain := succeed(t, args...)
	grid := filepath.Join(t.TempDir(), "grid.png")
	if out := succeed(t, append(args, "--grid", grid)...); out != plain {
		t.Errorf("with --grid:\n%swithout:\n%s", out, plain)
	}
	isPNG(t, grid)
	svg := filepath.Join(t.TempDir(), "grid.SVG")
	succeed(t, append(args, "--grid", svg, grid)...)
	for _, want := range []string{"test[3]", "test[5]", "<svg"} {
		if !strings.Contains(string(read(t, svg)), want) {
			t.Errorf("no %q in the picture", want)
		}
	}
}
