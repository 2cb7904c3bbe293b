//go:build !nocuda

package main

import (
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"resnet/gpu"
	"resnet/gpu/gputest"
	"resnet/nn/device"
	"resnet/nn/safetensors"
)

// requireGPU skips a test where there is no GPU, real or emulated, unless one must be there.
func requireGPU(t *testing.T) {
	t.Helper()
	_, err := gpu.Count()
	gputest.Need(t, err)
}

// onGPU is a GPU that gives the same bits each time.
var onGPU = []string{"--device", "cuda:0", "--deterministic"}

// What was trained on the CPU is as good on a GPU. Logits of about ten are some float32 roundings apart, and a small
// loss is as exact as they are.
func TestEvalAndPredictOnGPU(t *testing.T) {
	requireGPU(t)
	dir := writeBars(t, 300)
	evalAndPredict(t, dir, trainBars(t, dir), 1e-4, onGPU...)
}

func TestGoldenReplayOnGPU(t *testing.T) {
	requireGPU(t)
	replay(t, "cuda:0", "../../nn/nntest/testdata/golden/small.safetensors", 2.6e-6, 1.1e-6)
}

func TestManyClassesOnGPU(t *testing.T) {
	requireGPU(t)
	manyClasses(t, onGPU...)
}

// Colour images of 32x32 train on a GPU, in bfloat16 in fused kernels, and its weights are as good on the CPU: the
// losses there and here differ by the precision's rounding, of which bfloat16's is 2^-9 at a time. The other precisions
// are left to the tests of nn/cuda.
func TestCIFAROnGPU(t *testing.T) {
	requireGPU(t)
	dir := writePaints(t)
	for precision, fuse := range map[string]string{"fp32": "off", "bf16": "on"} {
		t.Run(precision, func(t *testing.T) {
			trained := trainPaints(t, dir, filepath.Join(t.TempDir(), "run"), "--epochs", "1", "--base-channels", "8",
				"--batch-size", "20", "--device", "cuda:0", "--precision", precision, "--fuse", fuse, "--deterministic")
			var e evalResult
			decode(t, succeed(t, "eval", "--weights", trained.LastWeights, "--data-dir", dir, "--device", "cpu",
				"--format", "json"), &e)
			val := trained.Epochs[0].Val
			if e.Images != testImages || val == nil || math.Abs(e.Loss-val.Loss) > 0.05*e.Loss {
				t.Errorf("loss %v of %d images on the CPU, on the GPU %+v", e.Loss, e.Images, val)
			}
		})
	}
}

// Auto takes the GPU and says so; asked for by name it is taken without a word.
func TestAutoTakesTheGPU(t *testing.T) {
	requireGPU(t)
	dir := writeBars(t, 24)
	run := func(device string) (config map[string]any, stderr string) {
		out := filepath.Join(t.TempDir(), "run")
		stdout, stderr, code := resnet(t, tiny(dir, "--epochs", "1", "--output", out, "--quiet=false",
			"--format", "json", "--device", device)...)
		if code != 0 {
			t.Fatalf("exit status %d: %s", code, stderr)
		}
		var r trainResult
		decode(t, stdout, &r)
		return r.Config, stderr
	}
	config, stderr := run("auto")
	// A note on the kernels' machine code may come before.
	said := regexp.MustCompile(`(?m)^device: cuda:0 \(.*, fp32, cuDNN `)
	if !said.MatchString(stderr) || config["device"] != "cuda:0" {
		t.Errorf("device %v, stderr %q, want cuda:0 in both", config["device"], stderr)
	}
	config, stderr = run("cuda")
	if strings.Contains(stderr, "device:") || config["device"] != "cuda:0" || config["precision"] != "fp32" {
		t.Errorf("configuration %v, stderr %q, want cuda:0, fp32, and no note", config, stderr)
	}
}

// Two epochs, the second on a device other than the first: a note, and weights that differ by rounding only. The images
// are augmented, and the same on both.
func TestDevicesTakeOver(t *testing.T) {
	requireGPU(t)
	dir := writeBars(t, 40)
	begin := func(epochs, device string) string {
		run := filepath.Join(t.TempDir(), "run")
		succeed(t, tiny(dir, "--epochs", epochs, "--device", device, "--hflip", "0.5", "--crop-padding", "2",
			"--output", run)...)
		return run
	}
	want := begin("2", "cpu")
	for _, c := range [][2]string{{"cpu", "cuda:0"}, {"cuda:0", "cpu"}, {"cuda:0", "cuda:0"}} {
		run := begin("1", c[0])
		_, stderr, code := resnet(t, "train", "--resume", run, "--epochs", "2", "--device", c[1])
		if noted := strings.Contains(stderr, "note: this is "+c[1]); code != 0 || noted != (c[0] != c[1]) {
			t.Errorf("%s, then %s: exit status %d, note %v: %s", c[0], c[1], code, noted, stderr)
		}
		// Ten steps of Adam make more of a rounding: its first ones go by the gradient's sign alone.
		const allowed = 1e-3
		if d := weightsDistance(t, run, want); !(d <= allowed) || c[1] != "cpu" && d == 0 {
			t.Errorf("%s, then %s: weights %g away from the CPU's, want at most %g and not the same", c[0], c[1], d,
				allowed)
		}
	}
}

// weightsDistance is the largest relative distance of a tensor between two runs' last weights.
func weightsDistance(t *testing.T, got, want string) float64 {
	t.Helper()
	open := func(run string) *safetensors.File {
		f, err := safetensors.Open(filepath.Join(run, "weights", "last.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	a, b, worst := open(got), open(want), 0.0
	for _, i := range b.Tensors {
		x, err := a.Float32(i.Name)
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.Float32(i.Name)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(x, y); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

func TestBenchOnGPU(t *testing.T) {
	requireGPU(t)
	args := []string{"bench", "--quiet", "--seconds", "0", "--base-channels", "4", "--hidden", "16", "-b", "2",
		"--device", "cuda", "--no-roofline"}
	var r struct {
		Machine struct {
			Device string
			CPU    string
			GPU    map[string]any
		}
		Results []struct {
			N      int
			Window int     `json:"steps_per_window"`
			Speed  float64 `json:"images_per_second"`
			Share  float64 `json:"peak_share"`
			Layers []struct{ Node string }
			GPU    struct {
				Launches int `json:"launches_per_step"`
			}
		}
	}
	decode(t, succeed(t, append(args, "--format", "json", "--layers", "--deterministic", "--precision", "fp16",
		"--no-graph")...), &r)
	if g := r.Machine.GPU; r.Machine.Device != "cuda:0" || r.Machine.CPU == "" || g["precision"] != "fp16" ||
		g["deterministic"] != true || g["graph"] != false {
		t.Errorf("machine %+v, want cuda:0 in fp16, deterministic, without graphs", r.Machine)
	}
	for _, field := range []string{"name", "compute_capability", "driver", "cudnn", "cublas", "memory_bytes",
		"multiprocessors"} {
		if v := r.Machine.GPU[field]; v == nil || v == "" || v == 0.0 {
			t.Errorf("%s is %v, want it told", field, v)
		}
	}
	for _, s := range r.Results {
		if s.Speed <= 0 || s.Share != 0 || len(s.Layers) == 0 || s.GPU.Launches < 10 || s.Window < 1 ||
			s.N%s.Window != 0 {
			t.Errorf("%+v, want a speed, layers, launches, no share of a peak, and whole windows", s)
		}
	}
	if out := succeed(t, append(args, "--format", "go", "--phase", "infer")...); !strings.Contains(out, "\ngpu: ") ||
		!strings.Contains(out, "\nBenchmarkInfer/batch=2\t") {
		t.Errorf("no GPU or benchmark line in:\n%s", out)
	}
	out := succeed(t, append(args, "--phase", "train", "--check")...)
	if !strings.Contains(out, "fashion-resnet, fp32, cuda:0 ") || !strings.Contains(out, "no CUDA graph") {
		t.Errorf("no description of the GPU in:\n%s", out)
	}
}

// Each precision passes its own bounds, and the narrow ones are really taken.
func TestDoctorOnGPU(t *testing.T) {
	requireGPU(t)
	t.Setenv("RESNET_KERNELS", t.TempDir())
	for _, precision := range []string{"fp32", "tf32", "bf16", "fp16"} {
		r, states := doctor(t, 0, "--device", "cuda", "--precision", precision)
		if text := r.text("gpu 0"); !strings.Contains(text, "kernels: PTX") ||
			!strings.Contains(text, "no machine code") {
			t.Errorf("gpu 0: %s, want kernels from PTX and why", text)
		}
		for _, name := range []string{"build", "driver", "cuDNN", "cuBLAS", "gpu 0", "tensor cores 0", "step on cuda:0",
			"cpu", "step on cpu"} {
			if states[name] != "ok" {
				t.Errorf("%s is %q, want ok: %s", name, states[name], r.text(name))
			}
		}
		if got, want := r.text("tensor cores 0"), "products of tf32 m16n8k8, f16 m16n8k16, bf16 m16n8k16 are exact; "+
			"kernels: PTX, which the driver compiled in "; !strings.HasPrefix(got, want) {
			t.Errorf("tensor cores: %s, want %s", got, want)
		}
		var c device.Comparison
		decode(t, details(r, "step on cuda:0"), &c)
		if said := strings.Contains(r.text("step on cuda:0"), ", fused, "); c.Fused != said ||
			c.Fused != (precision != "fp32") {
			t.Errorf("%s: fused is %v, said: %v, want both for all but fp32", precision, c.Fused, said)
		}
		parts := c.Parts
		if len(parts) != 4 || !(parts[0].Distance > 0) || (parts[0].Distance < 1e-4) != (precision == "fp32") {
			t.Errorf("%s: distances %v, want logits, loss, gradients, weights; "+
				"of logits about 1e-6 in fp32 and 1e-3 or more in the others", precision, parts)
		}
	}
}

// details are what was found about one thing as JSON.
func details(r diagnosed, name string) string {
	for _, f := range r.Findings {
		if f.Name == name {
			return string(f.Details)
		}
	}
	return ""
}

// A GPU's weights and gradients are recorded, and its network drawn once the run is over.
func TestTrainObservedOnGPU(t *testing.T) {
	requireGPU(t)
	run, events := trainObserved(t, writeBars(t, 24), append([]string{"--histograms", "gradients"}, onGPU...)...)
	for _, tag := range []string{"accuracy/val", "weights/stem.weight", "gradients/stem.weight"} {
		if !strings.Contains(events, tag) {
			t.Errorf("%s was not recorded", tag)
		}
	}
	isPNG(t, filepath.Join(run, "confusion.png"))
}
