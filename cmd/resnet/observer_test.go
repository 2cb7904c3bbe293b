package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// trainObserved trains for two epochs with pictures and the given options, and returns the run directory and what the
// event file holds, "" without one.
func trainObserved(t *testing.T, dir string, args ...string) (run, events string) {
	t.Helper()
	run = filepath.Join(t.TempDir(), "run")
	args = append([]string{"--epochs", "2", "--no-plots=false", "--output", run}, args...)
	_, stderr, code := resnet(t, tiny(dir, args...)...)
	if code != 0 || stderr != "" {
		t.Fatalf("exit status %d, stderr %q, want 0 and nothing", code, stderr)
	}
	files, err := filepath.Glob(filepath.Join(run, "events.out.tfevents.*"))
	if err != nil || len(files) > 1 {
		t.Fatalf("event files %v, error %v, want one at most", files, err)
	}
	if len(files) == 1 {
		events = string(read(t, files[0]))
	}
	return run, events
}

// A run shows itself in pictures and to TensorBoard, as far as is wanted, and its weights do not depend on who looks.
func TestTrainObserved(t *testing.T) {
	slowUnderRace(t)
	dir := writeBars(t, 24)
	run, events := trainObserved(t, dir)
	for _, name := range []string{"curves", "confusion", "predictions", "wrong", "filters"} {
		isPNG(t, filepath.Join(run, name+".png"))
	}
	want := read(t, filepath.Join(run, "weights", "last.safetensors"))
	const scalar, weights, gradients = "accuracy/val", "weights/stem.weight", "gradients/stem.weight"
	tags := func(events string) (found []string) {
		for _, tag := range []string{scalar, weights, gradients} {
			if strings.Contains(events, tag) {
				found = append(found, tag)
			}
		}
		return found
	}
	if got := tags(events); !slices.Equal(got, []string{scalar, weights}) {
		t.Errorf("recorded %v, want scalars and weights", got)
	}
	if n := strings.Count(events, "\x89PNG"); n != 2 {
		t.Errorf("%d pictures recorded in 2 epochs, want one of each", n)
	}
	for _, c := range []struct {
		args []string
		tags []string
	}{
		{[]string{"--histograms", "gradients"}, []string{scalar, weights, gradients}},
		{[]string{"--histograms", "none"}, []string{scalar}},
		{[]string{"--no-tensorboard"}, nil},
	} {
		run, events := trainObserved(t, dir, c.args...)
		if got := tags(events); !slices.Equal(got, c.tags) {
			t.Errorf("%v: recorded %v, want %v", c.args, got, c.tags)
		}
		if !bytes.Equal(read(t, filepath.Join(run, "weights", "last.safetensors")), want) {
			t.Errorf("%v: other weights", c.args)
		}
		isPNG(t, filepath.Join(run, "confusion.png"))
	}
	for _, val := range []string{"none", "6"} { // the last epoch's weights then, and the run's own evaluation
		run, _ := trainObserved(t, dir, "--val", val)
		isPNG(t, filepath.Join(run, "confusion.png"))
	}
}

// A picture that cannot be drawn costs a warning, not the run or other pictures.
func TestTrainUndrawable(t *testing.T) {
	slowUnderRace(t)
	run := filepath.Join(t.TempDir(), "run")
	inTheWay := filepath.Join(run, "curves.png", "full")
	if err := os.MkdirAll(inTheWay, 0o755); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := resnet(t, tiny(writeBars(t, 24), "--epochs", "1", "--no-plots=false", "--output", run)...)
	if code != 0 || !strings.HasPrefix(stderr, "warning: not all pictures could be drawn: ") ||
		!strings.Contains(stderr, "curves.png") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit status %d, stderr %q, want 0 and a line of warning about curves.png", code, stderr)
	}
	isPNG(t, filepath.Join(run, "confusion.png"))
}
