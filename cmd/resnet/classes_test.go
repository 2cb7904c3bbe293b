package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A label is more than a byte, from the files to the lists of eval.
func TestManyClasses(t *testing.T) { manyClasses(t, "--device", "cpu") }

func manyClasses(t *testing.T, device ...string) {
	t.Helper()
	const classes = 300
	dir, run := writeShades(t, classes), filepath.Join(t.TempDir(), "run")
	succeed(t, append(tiny(dir, "--epochs", "1", "--output", run), device...)...)
	var e evalResult
	args := append([]string{"eval", "--weights", filepath.Join(run, "weights", "last.safetensors"), "--data-dir", dir},
		device...)
	decode(t, succeed(t, append(args, "--format", "json")...), &e)
	if e.Images != classes || len(e.Classes) != classes || len(e.Confusion[299]) != classes {
		t.Fatalf("%d images of %d classes, want %d of %d", e.Images, len(e.Classes), classes, classes)
	}
	for i, c := range e.Classes {
		if c.Support != 1 {
			t.Errorf("%d images of class %d, want 1", c.Support, i)
		}
	}
	out := succeed(t, args...)
	if strings.Contains(out, "confusion: ") || !strings.Contains(out, "commonest mistakes of ") {
		t.Errorf("a matrix of 300 columns, or no mistakes in:\n%s", out)
	}
}

func TestConfusions(t *testing.T) {
	got := confusions([][]int{{5, 1, 0}, {3, 4, 0}, {0, 1, 9}})
	want := []confused{{1, 0, 3}, {0, 1, 1}, {2, 1, 1}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("mistakes %v, want %v", got, want)
	}
}
