//go:build !nocuda

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"resnet/gpu/gputest"
)

// failsOnGPU runs a command under faults, variables and their values; it must end with the exit status and one line on
// stderr that matches.
func failsOnGPU(t *testing.T, faults map[string]string, code int, want string, args ...string) {
	t.Helper()
	c := command(args...)
	for name, value := range faults {
		c.Env = append(c.Env, name+"="+value)
	}
	var stderr strings.Builder
	c.Stderr = &stderr
	c.Run()
	got := stderr.String()
	if c.ProcessState.ExitCode() != code || !strings.HasPrefix(got, "resnet: ") || strings.Count(got, "\n") != 1 ||
		!regexp.MustCompile(want).MatchString(got) {
		t.Errorf("%v: exit status %d, stderr %q, want %d and one line with %s",
			faults, c.ProcessState.ExitCode(), got, code, want)
	}
}

// startFaults are what may be wrong before the first step: what the emulated libraries are told, and what the error
// then says.
var startFaults = []struct {
	variable, value string
	want            string // about the GPU
	finding         string // of doctor
	state           string // of that, where no device is asked for
}{
	{"RESNET_EMU_DEVICES", "0", `CUDA_ERROR_NO_DEVICE.*nvidia-smi.*--gpus all`, "gpu", "missing"},
	{"RESNET_EMU_DRIVER", "11040",
		`libcuda\.so\.1: this driver runs CUDA 11\.4, want \d+\.0 or later: update the NVIDIA driver`,
		"driver", "failed"},
	{"RESNET_EMU_CUDNN", "8907", `libcudnn.*: cuDNN 8\.9\.7, want 9: install cuDNN 9`, "cuDNN", "failed"},
	{"RESNET_EMU_CUDART", "14000",
		`libcudnn.*: a cuDNN for CUDA 14; this driver runs CUDA 1\d\.\d, want 14\.0 or later: ` +
			`update the NVIDIA driver, or install cuDNN for CUDA 1\d`, "cuDNN", "failed"},
	{"RESNET_EMU_CUBLAS", "110500", `libcublas.*: cuBLAS 11\.5\.0, want \d+: install cuBLAS`, "cuBLAS", "failed"},
	{"RESNET_EMU_CC", "70", `emulated GPU has compute capability 7\.0, want 7\.5 or later`, "gpu 0", "failed"},
	{"RESNET_EMU_FAIL", "cuInit:803", `cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH.*reboot`, "driver", "failed"},
	{"RESNET_EMU_FAIL", "cuModuleLoadDataEx:222",
		`cuModuleLoadDataEx.*CUDA_ERROR_UNSUPPORTED_PTX_VERSION.*update the NVIDIA driver`, "gpu 0", "failed"},
	{"RESNET_EMU_FAIL", "cudnnCreate:1001", `cudnnCreate.*CUDNN_STATUS_NOT_INITIALIZED`, "step on cuda", "failed"},
	{"RESNET_EMU_FAIL", "cublasCreate_v2:3", `CUBLAS_STATUS_ALLOC_FAILED.*memory is short`, "step on cuda", "failed"},
}

// Asked for by name a GPU that cannot be used is one line and exit status 1, and no run directory; auto takes the CPU
// and says why; doctor finds it.
func TestFaultsAtTheStart(t *testing.T) {
	gputest.NeedEmulation(t)
	dir := writeBars(t, 24)
	for _, f := range startFaults {
		t.Run(f.variable+"="+f.value, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			fault := map[string]string{f.variable: f.value}
			failsOnGPU(t, fault, 1, f.want+`.*; device cpu needs no GPU`,
				tiny(dir, "--device", "cuda", "--output", run)...)
			if _, err := os.Stat(run); err == nil {
				t.Error("a run directory is there")
			}
			failsOnGPU(t, fault, 1, `precision bf16 needs a GPU: .*`+f.want,
				tiny(dir, "--device", "auto", "--precision", "bf16", "--output", run)...)

			t.Setenv(f.variable, f.value)
			_, stderr, code := resnet(t, tiny(dir, "--device", "auto", "--quiet=false", "--epochs", "1",
				"--output", run)...)
			if first, _, _ := strings.Cut(stderr, "\n"); code != 0 ||
				!regexp.MustCompile(`^device: cpu .*, as no GPU can be used: .*`+f.want).MatchString(first) {
				t.Errorf("auto: exit status %d, first line %q, want 0 and why no GPU was taken", code, first)
			}
			wantCode := map[string]int{"missing": 0, "failed": 1}[f.state]
			r, states := doctor(t, wantCode)
			if states[f.finding] != f.state || !regexp.MustCompile(f.want).MatchString(r.text(f.finding)) {
				t.Errorf("doctor: %s is %q, %s, want %q and %s", f.finding, states[f.finding], r.text(f.finding),
					f.state, f.want)
			}
			if _, states := doctor(t, 1, "--device", "cuda"); states[f.finding] != "failed" {
				t.Errorf("doctor --device cuda: %s is %q, want failed", f.finding, states[f.finding])
			}
		})
	}
}

// A library that is there but cannot be loaded is named; another is not looked for.
func TestBrokenLibrary(t *testing.T) {
	gputest.NeedEmulation(t)
	libs := t.TempDir()
	write(t, filepath.Join(libs, "libcuda.so.1"), []byte("not a library"))
	failsOnGPU(t, map[string]string{"RESNET_CUDA_LIBS": libs}, 1, `/libcuda\.so\.1 cannot be loaded`, "bench",
		"--quiet", "--device", "cuda")
}

func TestDeviceOutOfRange(t *testing.T) {
	gputest.NeedEmulation(t)
	weights := filepath.Join(t.TempDir(), "none")
	for _, args := range []string{"train --device cuda:3", "eval --device cuda:3 --weights " + weights,
		"bench --quiet --device cuda:3"} {
		failsOnGPU(t, nil, 1, `device 3, want 0 to 0 \(this machine has 1 GPU\)`, strings.Fields(args)...)
	}
	failsOnGPU(t, map[string]string{"RESNET_EMU_DEVICES": "2"}, 1, `device 3, want 0 to 1 \(this machine has 2 GPUs\)`,
		"train", "--device", "cuda:3")
}

// Too little memory is noticed before any is taken; the error says what is needed, what is there, and what fits. That
// batch trains.
func TestOutOfDeviceMemory(t *testing.T) {
	gputest.NeedEmulation(t)
	t.Setenv("RESNET_EMU_MEMORY", "64")
	dir := writeBars(t, 24)
	train := func(batch string) []string {
		return tiny(dir, "--device", "cuda", "--epochs", "1", "--batch-size", batch, "--output",
			filepath.Join(t.TempDir(), "run"))
	}
	_, stderr, code := resnet(t, train("4096")...)
	says := regexp.MustCompile(`^resnet: nn: fashion-resnet at batch size 4096 needs [\d.]+ MB, ` +
		`cuda:0 has [\d.]+ MB; batch size (\d+) fits\n$`).FindStringSubmatch(stderr)
	if code != 1 || says == nil {
		t.Fatalf("exit status %d, want 1 and what fits: %s", code, stderr)
	}
	succeed(t, train(says[1])...)
}

// A kernel that fails in the midst of a run loses nothing that was on disk: the run goes on from its last checkpoint to
// the same bits.
func TestFaultInTheMidst(t *testing.T) {
	gputest.NeedEmulation(t)
	dir := writeBars(t, 100)
	options := func(run string, more ...string) []string {
		return append(append(tiny(dir, "--epochs", "2", "--checkpoint-steps", "5", "--output", run), onGPU...), more...)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	succeed(t, options(whole)...)
	for fault, want := range map[string]string{
		"cuGraphLaunch:719@9":         `CUDA_ERROR_LAUNCH_FAILED.*the device's context is lost`,
		"cuMemcpyDtoHAsync_v2:700@13": `CUDA_ERROR_ILLEGAL_ADDRESS`,
	} {
		t.Run(fault, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			failsOnGPU(t, map[string]string{"RESNET_EMU_FAIL": fault}, 1, want, options(run)...)
			succeed(t, "train", "--resume", run, "--quiet")
			if weightsDistance(t, run, whole) != 0 {
				t.Error("resumed, it ends with other weights than a run without a fault")
			}
		})
	}
}

// The first kernel that doctor launches is the product on the tensor cores. If it fails doctor says so, and goes on
// with a new context.
func TestDoctorTriesTensorCoresFirst(t *testing.T) {
	gputest.NeedEmulation(t)
	t.Setenv("RESNET_EMU_FAIL", "cuLaunchKernel:719@1")
	r, states := doctor(t, 1, "--device", "cuda")
	text := r.text("tensor cores 0")
	want := regexp.MustCompile(`^cuda: product tf32 m16n8k8: gpu: cuStreamSynchronize: CUDA_ERROR_LAUNCH_FAILED ` +
		`\(719\)[^;]*; kernels: PTX, .* --fuse off `)
	if states["tensor cores 0"] != "failed" || !want.MatchString(text) {
		t.Errorf("tensor cores: %q, %s, want failed, the fault, what was loaded and what helps",
			states["tensor cores 0"], text)
	}
	for _, name := range []string{"gpu 0", "step on cuda:0"} {
		if states[name] != "ok" {
			t.Errorf("%s is %q, want ok: %s", name, states[name], r.text(name))
		}
	}
	var products []productDetails
	decode(t, details(r, "tensor cores 0"), &products)
	if len(products) != 1 || products[0].Name != "tf32 m16n8k8" || products[0].Error == "" {
		t.Errorf("details %+v, want the product that failed", products)
	}
}

// Without kernels for tensor cores there is nothing to try, and nothing wrong with that.
func TestDoctorWithoutTensorCores(t *testing.T) {
	gputest.NeedEmulation(t)
	t.Setenv("RESNET_EMU_CC", "75")
	r, states := doctor(t, 0, "--device", "cuda")
	if text := r.text("tensor cores 0"); states["tensor cores 0"] != "missing" ||
		!strings.HasPrefix(text, "no kernels for compute capability 7.5, want 8.0 or later") {
		t.Errorf("tensor cores: %q, %s, want missing and why", states["tensor cores 0"], text)
	}
}

// A command makes one context, doctor too, which opens the device twice.
func TestCommandsMakeOneContext(t *testing.T) {
	gputest.NeedEmulation(t)
	dir := writeBars(t, 24)
	run := filepath.Join(t.TempDir(), "run")
	for _, args := range [][]string{
		{"doctor", "--device", "cuda"},
		tiny(dir, "--device", "cuda", "--epochs", "1", "--no-plots=false", "--output", run),
		{"eval", "--device", "cuda", "--weights", filepath.Join(run, "weights", "best.safetensors"),
			"--dataset", "idx", "--data-dir", dir},
		{"bench", "--device", "cuda", "--quiet", "--seconds", "0", "--base-channels", "4", "--hidden", "16", "-b", "2",
			"--no-roofline"},
	} {
		counts := filepath.Join(t.TempDir(), "counts")
		t.Setenv(gputest.CountVariable, counts)
		succeed(t, args...)
		if got := gputest.Counts(t, counts)["context created"]; got != 1 {
			t.Errorf("%s: %d contexts, want 1", args[0], got)
		}
	}
}
