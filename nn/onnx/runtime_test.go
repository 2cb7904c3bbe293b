package onnx

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/models"
)

// python returns the interpreter that RESNET_PYTHON names, or python3. If it lacks onnxruntime the test is skipped, or
// fails with RESNET_REQUIRE_PYTHON=1.
func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv("RESNET_PYTHON")
	if path == "" {
		path = "python3"
	}
	if out, err := exec.Command(path, "-c", "import numpy, onnxruntime").CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		why := fmt.Sprintf("%s cannot import numpy and onnxruntime: %v: %s", path, err, lines[len(lines)-1])
		if os.Getenv("RESNET_REQUIRE_PYTHON") == "1" {
			t.Fatalf("RESNET_REQUIRE_PYTHON=1: %s", why)
		}
		t.Skip(why)
	}
	return path
}

// A modelRun is a run of a model on a few images: the arguments of testdata/run.py, and the output of the CPU backend.
type modelRun struct {
	Model   string `json:"model"`
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Input   string `json:"input"`
	Outputs string `json:"outputs"`

	name string
	want []float32
}

// TestONNXRuntime compares onnxruntime with the CPU backend on random images and parameters, running statistics
// included, for each network and option and for batches of 1 and 3.
func TestONNXRuntime(t *testing.T) {
	py, dir := python(t), t.TempDir()
	var runs []*modelRun
	for _, g := range []*nn.Graph{
		seedNetwork(t),
		build(t, models.Config{Model: "fashion-resnet", Channels: 3, Height: 15, Width: 18, Classes: 7,
			Options: "base_channels=3"}),
		everyOp(t), bottlenecks(t), noLinear(t),
	} {
		e := executor(t, g, random(g), 3)
		for name, o := range map[string]Options{
			"plain": {}, "folded": {Fold: true}, "of bytes to probabilities": {Bytes: true, Softmax: true},
			"of bytes, folded, for 3 images": {Bytes: true, Fold: true, Batch: 3},
			"of the highest opset":           {Opset: MaxOpset, Softmax: true, Bytes: true},
		} {
			name = fmt.Sprintf("%s of %d classes, %s", g.Name, g.Classes, name)
			model := filepath.Join(dir, name+".onnx")
			f, err := os.Create(model)
			must(t, err)
			must(t, Write(f, g, FromExecutor(e, g), o))
			must(t, f.Close())
			for _, n := range []int{1, 3} {
				if o.Batch == 0 || o.Batch == n {
					r := &modelRun{Model: model, name: fmt.Sprintf("%s, batch of %d", name, n)}
					r.prepare(t, e, g, o, n)
					runs = append(runs, r)
				}
			}
		}
	}
	manifest, err := json.Marshal(runs)
	must(t, err)
	path := filepath.Join(dir, "runs.json")
	must(t, os.WriteFile(path, manifest, 0o644))
	out, err := exec.Command(py, "testdata/run.py", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(strings.TrimSpace(string(out)))
	for _, r := range runs {
		r.compare(t)
	}
}

// prepare writes n random images and runs the network on them.
func (r *modelRun) prepare(t *testing.T, e nn.Executor, g *nn.Graph, o Options, n int) {
	t.Helper()
	x := g.Type(g.Images).Shape
	rng := rand.New(rand.NewPCG(uint64(n), 3))
	pixels := make([]byte, g.Elems(g.Images, n))
	for i := range pixels {
		pixels[i] = byte(rng.IntN(256))
	}
	must(t, e.Write(nn.Ref{Value: g.Images}, pixels))
	must(t, e.Run(nn.Eval, n))
	v := g.Logits
	if o.Softmax {
		v = g.Probabilities
	}
	r.want = make([]float32, n*g.Classes)
	must(t, e.Read(nn.Ref{Value: v}, nn.Bytes(r.want)))

	r.DType, r.Shape = "uint8", []int{n, x.H, x.W, x.C}
	input := pixels
	if !o.Bytes {
		r.DType, r.Shape, input = "<f4", []int{n, x.C, x.H, x.W}, scaled(pixels, x)
	}
	r.Input, r.Outputs = fmt.Sprintf("%s.%d.in", r.Model, n), fmt.Sprintf("%s.%d.out", r.Model, n)
	must(t, os.WriteFile(r.Input, input, 0o644))
}

// scaled converts bytes N,H,W,C to float32 N,C,H,W and divides them by 255.
func scaled(pixels []byte, x nn.Shape) (raw []byte) {
	size := x.Elems()
	for n := range len(pixels) / size {
		for c := range x.C {
			for i := range x.H * x.W {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(pixels[n*size+i*x.C+c])/255))
			}
		}
	}
	return raw
}

// compare allows a difference of 1e-5 of the largest output: a float32 has a rounding error of 6e-8, and the longest
// path has 20 sums of up to 3,136 products, which onnxruntime adds in another order.
func (r *modelRun) compare(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile(r.Outputs)
	must(t, err)
	if len(raw) != 4*len(r.want) {
		t.Fatalf("%s: %d bytes, want %d", r.name, len(raw), 4*len(r.want))
	}
	largest, distance := 0.0, 0.0
	for i, want := range r.want {
		got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		largest = max(largest, math.Abs(float64(want)))
		distance = max(distance, math.Abs(float64(got)-float64(want))) // max keeps a NaN
	}
	t.Logf("%s: %.2g of outputs up to %.3g", r.name, distance, largest)
	if !(distance <= 1e-5*max(1, largest)) {
		t.Errorf("%s: outputs differ by %g, want at most 1e-5 of %g or 1", r.name, distance, largest)
	}
}
