package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// smallNetwork trains for an epoch and returns the run's last weights.
func smallNetwork(t *testing.T) (weights string) {
	t.Helper()
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny(writeBars(t, 24), "--epochs", "1", "--output", run)...)
	return filepath.Join(run, "weights", "last.safetensors")
}

// ofBars are import's options for smallNetwork.
var ofBars = []string{"--base-channels", "4", "--hidden", "16", "--input", "1x12x12", "--classes", "3",
	"--dataset", "idx"}

// What goes out comes back bit for bit, whatever the format.
func TestExportImport(t *testing.T) {
	weights := smallNetwork(t)
	bytesOf := func(path string, extra ...string) []byte {
		t.Helper()
		back := filepath.Join(t.TempDir(), "back.safetensors")
		args := append([]string{"import", path, "-o", back}, append(ofBars, extra...)...)
		if out := succeed(t, args...); out != back+"\n" {
			t.Errorf("import printed %q, want %q", out, back)
		}
		return read(t, back)
	}
	want := bytesOf(weights)
	dir := t.TempDir()
	for _, name := range []string{"m.keras", "m.h5", "m.weights.h5", "m.safetensors"} {
		path := filepath.Join(dir, name)
		succeed(t, "export", "--weights", weights, "-o", path)
		if got := bytesOf(path); !bytes.Equal(got, want) {
			t.Errorf("%s came back as %d other bytes, want the %d of the weights", name, len(got), len(want))
		}
	}
	if !bytes.Equal(read(t, filepath.Join(dir, "m.safetensors")), read(t, weights)) {
		t.Error("the copy of the weights differs from them")
	}
	if js := read(t, filepath.Join(dir, "m.json")); !json.Valid(js) || !bytes.Contains(js, []byte(`"blocks_0_conv1"`)) {
		t.Errorf("m.json, beside m.weights.h5, is no architecture: %.200s", js)
	}

	// A format given wins over the file's name, and what PyTorch wrote, without metadata, is taken too.
	other := filepath.Join(dir, "weights.bin")
	write(t, other, read(t, weights))
	if got := bytesOf(other, "--from", "safetensors"); !bytes.Equal(got, want) {
		t.Error("import --from safetensors gave other bytes")
	}
	// The new file is good for eval.
	again := filepath.Join(dir, "again.safetensors")
	write(t, again, want)
	var e evalResult
	decode(t, succeed(t, "eval", "--weights", again, "--data-dir", writeBars(t, 24), "--format", "json"), &e)
	if e.Images != testImages {
		t.Errorf("%d images evaluated, want %d", e.Images, testImages)
	}
}

// Each option of an ONNX model shows in its file, which says of itself what the weights do.
func TestExportONNX(t *testing.T) {
	weights := smallNetwork(t)
	beside := strings.TrimSuffix(weights, ".safetensors") + ".onnx"
	if out := succeed(t, "export", "--weights", weights, "--to", "onnx"); out != beside+"\n" {
		t.Errorf("export printed %q, want %q", out, beside)
	}
	plain := read(t, beside)
	for _, c := range []struct {
		option []string
		has    string
		since  bool // the option brings it; else the option takes it away
	}{
		{[]string{"--softmax"}, "Softmax", true},
		{[]string{"--bytes"}, "Transpose", true},
		{[]string{"--fold"}, "blocks.0.bn1.running_var", false},
		{[]string{"--batch", "5"}, "batch", false},
	} {
		path := filepath.Join(t.TempDir(), "m.onnx")
		succeed(t, append([]string{"export", "--weights", weights, "-o", path}, c.option...)...)
		has := []byte(c.has)
		if bytes.Contains(read(t, path), has) != c.since || bytes.Contains(plain, has) == c.since {
			t.Errorf("%v: %q in the file is %v, without the option %v", c.option, c.has,
				bytes.Contains(read(t, path), has), bytes.Contains(plain, has))
		}
	}
	if !bytes.Contains(plain, []byte(`"fashion-resnet"`)) {
		t.Error("the file does not say which model it is")
	}
}

// A pipe is written to, not replaced, and what stood at a path stays when nothing comes in its place.
func TestExportOutput(t *testing.T) {
	weights := smallNetwork(t)
	succeed(t, "export", "--weights", weights, "--to", "onnx", "-o", os.DevNull)
	if i, err := os.Stat(os.DevNull); err != nil || i.Mode().IsRegular() {
		t.Errorf("%s is a file now: %v", os.DevNull, err)
	}
	path := filepath.Join(t.TempDir(), "m.onnx")
	write(t, path, []byte("before"))
	write(t, weights, read(t, weights)[:2000])
	if _, stderr, code := resnet(t, "export", "--weights", weights, "-o", path); code != 1 ||
		string(read(t, path)) != "before" {
		t.Errorf("damaged weights: exit status %d, stderr %q, file %.20q, want 1 and the file as it was", code, stderr,
			read(t, path))
	}
}
