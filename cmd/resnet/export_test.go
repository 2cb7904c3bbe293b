package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
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
	slowUnderRace(t)
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
	for _, name := range []string{"m.keras", "m.h5", "m.hdf5", "m.weights.h5", "m.safetensors"} {
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

// What other programs and disks make of Keras' files: read to the same weights, or refused in a line that says why.
func TestImportKeras(t *testing.T) {
	slowUnderRace(t)
	weights, dir := smallNetwork(t), t.TempDir()
	export := func(name string) []byte {
		path := filepath.Join(dir, name)
		succeed(t, "export", "--weights", weights, "-o", path)
		return read(t, path)
	}
	archive, whole := export("m.keras"), export("m.h5")
	imported := func(name string, file []byte) (b []byte, stderr string, code int) {
		t.Helper()
		path, back := filepath.Join(dir, name), filepath.Join(t.TempDir(), "back.safetensors")
		write(t, path, file)
		_, stderr, code = resnet(t, append([]string{"import", path, "-o", back}, ofBars...)...)
		if code == 0 {
			return read(t, back), stderr, code
		}
		if _, err := os.Stat(back); err == nil {
			t.Errorf("%s: refused, but there is a file of weights", name)
		}
		return nil, stderr, code
	}
	want, _, _ := imported("plain.keras", archive)

	var deflated bytes.Buffer
	from, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	to := zip.NewWriter(&deflated)
	for _, m := range from.File {
		w, err := to.Create(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Open()
		if err == nil {
			_, err = io.Copy(w, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"deflated.keras": deflated.Bytes(), "LOUD.HDF5": whole, "archive.h5": archive, "whole.keras": whole,
	} {
		if got, stderr, code := imported(name, file); code != 0 || !bytes.Equal(got, want) {
			t.Errorf("%s: exit status %d, stderr %q, the same weights %v", name, code, stderr, bytes.Equal(got, want))
		}
	}

	// The elements of the datasets come last in the file.
	at := func(file []byte, end int, with string) []byte {
		b := bytes.Clone(file)
		copy(b[len(b)-end:], with)
		return b
	}
	nan := strings.Repeat("\x00\x00\xc0\x7f", 2)
	size := bytes.LastIndex(archive, []byte("PK\x01\x02")) + 20 // of the last member, packed and unpacked
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nan.h5":     {at(whole, 8, nan), "element "},
		"flip.keras": {at(archive, len(archive)-len(archive)/2, "\xff\xff"), "model.weights.h5: CRC-32 "},
		"size.keras": {at(archive, len(archive)-size, strings.Repeat("\xff\xff\xff\x7f", 2)), "(truncated?)"},
	} {
		_, stderr, code := imported(name, c.file)
		if code != 1 || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 ||
			!strings.Contains(stderr, name) {
			t.Errorf("%s: exit status %d, stderr %q, want 1 and one line with %q", name, code, stderr, c.want)
		}
	}
}

// Each option of an ONNX model shows in its file, which says of itself what the weights do.
func TestExportONNX(t *testing.T) {
	slowUnderRace(t)
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
		{[]string{"--opset", "17"}, "\x42\x02\x10\x11", true}, // field 8, operators: field 2, version
		{[]string{"--opset", "17"}, "\x42\x02\x10\x09", false},
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
