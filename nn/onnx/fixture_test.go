package onnx

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"resnet/nn/weights"
)

var update = flag.Bool("update", false, "write the fixtures anew; then testdata/check.py must pass")

// Write gives the bytes of the files that testdata/check.py has checked, and gives them again.
func TestFixtures(t *testing.T) {
	g := everyOp(t)
	for name, o := range map[string]Options{
		"plain.onnx": {},
		"options.onnx": {
			Batch: 2, Bytes: true, Softmax: true, Fold: true, Version: "1",
			Metadata: weights.Metadata{Dataset: "shapes", Classes: []string{"a", "b", "é"}},
		},
	} {
		path := filepath.Join("testdata", name)
		var got, again bytes.Buffer
		must(t, Write(&got, g, eighths(g), o))
		must(t, Write(&again, g, eighths(g), o))
		if *update {
			must(t, os.WriteFile(path, got.Bytes(), 0o644))
		}
		want, err := os.ReadFile(path)
		must(t, err)
		if !bytes.Equal(got.Bytes(), want) || !bytes.Equal(again.Bytes(), want) {
			t.Errorf("%s: %d and %d bytes written, which are not the %d bytes checked",
				path, got.Len(), again.Len(), len(want))
		}
	}
}
