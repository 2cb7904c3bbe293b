//go:build !nocuda

package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"resnet/gpu"
	"resnet/gpu/gputest"
)

// A GPU without the tensor cores that our kernels need computes the golden values in float32, which is the default, and
// trains in float16. The emulated driver refuses PTX for later GPUs there, as a real one does.
func TestTuring(t *testing.T) {
	gputest.NeedEmulation(t)
	t.Setenv("RESNET_EMU_CC", "75")
	t.Setenv("RESNET_EMU_NAME", "Tesla T4")
	replay(t, "cuda:0", "../../nn/nntest/testdata/golden/small.safetensors", 2.6e-6, 1.1e-6)

	dir := writeBars(t, 24)
	train := func(precision string) []string {
		return tiny(dir, "--device", "cuda", "--epochs", "1", "--precision", precision, "--output",
			filepath.Join(t.TempDir(), "run"))
	}
	succeed(t, train("fp16")...)
	for _, precision := range []string{"tf32", "bf16"} {
		failsOnGPU(t, nil, 1, "precision "+precision+
			` wants compute capability 8\.0, Tesla T4 has 7\.5: --precision fp32, or fp16`, train(precision)...)
	}
	for _, precision := range []string{"fp32", "fp16"} {
		r, states := doctor(t, 0, "--device", "cuda", "--precision", precision)
		if states["step on cuda:0"] != "ok" ||
			!strings.HasPrefix(r.text("gpu 0"), "Tesla T4, compute capability 7.5, ") {
			t.Errorf("%s: %s; %s", precision, r.text("gpu 0"), r.text("step on cuda:0"))
		}
	}
}

// A driver of CUDA 12 is too old for a build with CUDA 13: doctor says which one is not, and how to install it.
func TestDriverTooOld(t *testing.T) {
	gputest.NeedEmulation(t)
	if gpu.Libraries()[0].Compiled < 13000 {
		t.Skip("this build is for such a driver")
	}
	t.Setenv("RESNET_EMU_DRIVER", "12040")
	const want = "libcuda.so.1: this driver runs CUDA 12.4, want 13.0 or later: " +
		"update the NVIDIA driver to 580.65.06 or later, or build with CUDA 12"
	r, states := doctor(t, 1)
	if states["driver"] != "failed" || !strings.Contains(r.text("driver"), want) ||
		!regexp.MustCompile(`reboot|there$`).MatchString(r.text("driver")) {
		t.Errorf("driver is %q: %s, want it failed, %s, and a command", states["driver"], r.text("driver"), want)
	}
}

// Where the driver refuses all kernels, doctor has one line of what helps.
func TestRefusedKernels(t *testing.T) {
	gputest.NeedEmulation(t)
	for status, want := range map[string]string{
		"200": `INVALID_IMAGE \(200\).*make cubins`,
		"209": `NO_BINARY_FOR_GPU \(209\).*compute capability 7\.5`,
		"218": `INVALID_PTX \(218\).*update the driver`,
		"221": `JIT_COMPILER_NOT_FOUND \(221\).*libnvidia-ptxjitcompiler.*make cubins`,
		"222": `UNSUPPORTED_PTX_VERSION \(222\).*update the NVIDIA driver to \d+\.\d+\.\d+ or later.*(reboot|there$)`,
		"223": `JIT_COMPILATION_DISABLED \(223\).*CUDA_DISABLE_PTX_JIT`,
	} {
		t.Setenv("RESNET_EMU_FAIL", "cuModuleLoadDataEx:"+status)
		r, states := doctor(t, 1)
		text := r.text("gpu 0")
		if states["gpu 0"] != "failed" || !regexp.MustCompile(want).MatchString(text) ||
			strings.Count(text, "cuModuleLoadDataEx") != 1 {
			t.Errorf("%s: gpu 0 is %q: %s, want it failed with one %s", status, states["gpu 0"], text, want)
		}
	}
}

// machineCode writes a folder of machine code for an architecture, with the files' content and a list that says what.
func machineCode(t *testing.T, arch, content, listed string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	list := ""
	for _, module := range []string{"kernels", "typed_f32"} {
		ptx, err := os.ReadFile("../../kernels/cuda/ptx/" + module + ".ptx")
		if err != nil {
			t.Fatal(err)
		}
		file := fmt.Sprintf("%s-%.4x.%s.cubin", module, sha256.Sum256(ptx), arch)
		write(t, filepath.Join(dir, file), []byte(content))
		list += fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(listed)), file)
	}
	write(t, filepath.Join(dir, "SHA256SUMS"), []byte(list))
	return dir
}

// Machine code that cannot be used is passed over, and a run says so once.
func TestMachineCodePassedOver(t *testing.T) {
	gputest.NeedEmulation(t)
	const elf = "\x7fELF\x02\x01\x01"
	dir := writeBars(t, 24)
	for name, c := range map[string]struct{ folder, why string }{
		"none": {t.TempDir(), `no machine code: open .*make cuda writes it, or unset RESNET_KERNELS`},
		"another GPU's": {machineCode(t, "sm_12", elf, elf),
			`no machine code of this build's kernels for sm_90: make cuda`},
		"damaged":         {machineCode(t, "sm_90", elf, elf+"\x00"), `is damaged: its SHA-256 is`},
		"the driver's no": {machineCode(t, "sm_90", elf, elf), `CUDA_ERROR_NO_BINARY_FOR_GPU`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("RESNET_KERNELS", c.folder)
			_, stderr, code := resnet(t, tiny(dir, "--device", "cuda", "--quiet=false", "--epochs", "1", "--output",
				filepath.Join(t.TempDir(), "run"))...)
			note := regexp.MustCompile(`(?m)^note: kernels: PTX, which the driver compiled in .* as .*` + c.why)
			if code != 0 || strings.Count(stderr, "note: kernels:") != 1 || !note.MatchString(stderr) {
				t.Errorf("exit status %d, want 0 and one note with %s: %s", code, c.why, stderr)
			}
		})
	}
}
