package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"resnet/nn/safetensors"
)

// The golden values through the command line: their images as IDX files and their start as a weights file, trained for
// one epoch in the files' order, must give their final weights. Tolerances are ten times what PyTorch in float32 is off
// the float64 values, per tensor, in the relative L2 norm; see nn/nntest/testdata/golden. The full network, 35 MB, is
// replayed where RESNET_GOLDEN_DIR holds it.
func TestGoldenReplay(t *testing.T) {
	t.Run("small", func(t *testing.T) {
		replay(t, "cpu", "../../nn/nntest/testdata/golden/small.safetensors", 2.6e-6, 1.1e-6)
	})
	t.Run("full", func(t *testing.T) {
		dir := os.Getenv("RESNET_GOLDEN_DIR")
		if dir == "" {
			t.Skip("RESNET_GOLDEN_DIR is not set")
		}
		replay(t, "cpu", filepath.Join(dir, "full.safetensors"), 2e-2, 2e-3)
	})
}

func replay(t *testing.T, device, path string, adamTolerance, sgdTolerance float64) {
	golden, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer golden.Close()
	dir := t.TempDir()
	pixels, labels := tensor(t, golden, "images"), tensor(t, golden, "labels")
	images, _ := golden.Lookup("images")
	writeIDX(t, dir, "train", images.Shape[1], images.Shape[2], pixels, labels)
	size := images.Shape[1] * images.Shape[2] // the test split plays no part: the first image will do
	writeIDX(t, dir, "t10k", images.Shape[1], images.Shape[2], pixels[:size], labels[:1])
	start := filepath.Join(dir, "init.safetensors")
	writeStart(t, golden, start)

	batch, err := strconv.Atoi(golden.Metadata["batch"])
	if err != nil {
		t.Fatal(err)
	}
	common := []string{"train", "--weights", start, "--dataset", "idx", "--data-dir", dir, "--classes", "10",
		"--no-shuffle", "--epochs", "1", "--batch-size", strconv.Itoa(batch), "--val", "none", "--no-plots", "--quiet",
		"--device", device,
		"--base-channels", golden.Metadata["base"], "--hidden", golden.Metadata["hidden"]}
	for _, c := range []struct {
		prefix    string
		tolerance float64
		args      []string
	}{
		{"final/", adamTolerance, []string{"--opt", "adam", "--lr", "0.001"}},
		{"sgd_final/", sgdTolerance, []string{"--opt", "sgd", "--lr", "0.0003", "--momentum", "0.9"}},
	} {
		run := filepath.Join(dir, strings.TrimSuffix(c.prefix, "/"))
		succeed(t, append(append(common, "--output", run), c.args...)...)
		compare(t, golden, c.prefix, filepath.Join(run, "weights", "last.safetensors"), c.tolerance)
	}
}

// writeStart writes the tensors init/* as a weights file, as PyTorch would: without metadata.
func writeStart(t *testing.T, golden *safetensors.File, path string) {
	var start []safetensors.Tensor
	for _, i := range golden.Tensors {
		if name, ok := strings.CutPrefix(i.Name, "init/"); ok {
			start = append(start, safetensors.Tensor{Name: name, DType: i.DType, Shape: i.Shape,
				Data: tensor(t, golden, i.Name)})
		}
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, start, nil); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.Bytes())
}

func tensor(t *testing.T, f *safetensors.File, name string) []byte {
	t.Helper()
	b, err := f.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compare holds the tensors of a weights file against the golden ones.
func compare(t *testing.T, golden *safetensors.File, prefix, path string, tolerance float64) {
	got, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	compared, worst, where := 0, 0.0, ""
	for _, i := range golden.Tensors {
		name, ok := strings.CutPrefix(i.Name, prefix)
		if !ok {
			continue
		}
		want, err := golden.Float32(i.Name)
		if err != nil {
			t.Fatal(err)
		}
		x, err := got.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(x, want); !(d <= worst) {
			worst, where = d, name
		}
		compared++
	}
	if compared == 0 || compared != len(got.Tensors) {
		t.Errorf("%s: %d tensors compared, the weights file has %d", prefix, compared, len(got.Tensors))
	}
	t.Logf("%s worst distance %.2g at %s, allowed %.2g", prefix, worst, where, tolerance)
	if !(worst <= tolerance) {
		t.Errorf("%s: %s is %.2g off, want at most %.2g", prefix, where, worst, tolerance)
	}
}

// distance is ||got - want|| / ||want||.
func distance(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var d, n float64
	for i, w := range want {
		d += math.Pow(float64(got[i])-float64(w), 2)
		n += float64(w) * float64(w)
	}
	return math.Sqrt(d / n)
}
