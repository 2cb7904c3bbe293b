package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The committed launchers are what the committed declarations make.
func TestLaunchersAreCurrent(t *testing.T) {
	sources, err := filepath.Glob("../*.cu")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "launchers.go")
	if err := run(out, sources); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../launchers.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("kernels/cuda/launchers.go is not what the sources make: run make ptx and commit it")
	}
}

func TestLauncher(t *testing.T) {
	kernels, err := parse("x.cu", `
KERNEL_T(batch_norm, (T *y, const T *x,
                      const float *save_mean, Pool p, double eps, Flag relu, uint32_t word, unsigned n)) {
}
KERNEL(finish, (float *sum)) {
`)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := write(&b, kernels); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"batch_norm_bf16": &f.batchNorm[gpu.BFloat16],`,
		`"finish":          &f.finish,`,
		`func (k *Kernels) launchBatchNorm(s *gpu.Stream, grid, block gpu.Dim3, t gpu.DataType, y, x, saveMean gpu.Ptr, p Pool, eps float64, relu bool, word uint32, n int) error {
	var args gpu.Args
	args.Ptr(y)
	args.Ptr(x)
	args.Ptr(saveMean)
	p.push(&args)
	args.Float64(eps)
	args.Uint32(flag(relu))
	args.Uint32(word)
	args.Uint32(uint32(n))
	return k.fn.batchNorm[t].Launch(s, grid, block, 0, &args)
}`,
		`func (k *Kernels) launchFinish(s *gpu.Stream, grid, block gpu.Dim3, sum gpu.Ptr) error {`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("launchers lack\n%s\nin\n%s", want, b.String())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"KERNEL(a, (int n)) {", `a: parameter of type "int"`},
		{"KERNEL(a, (float **p)) {", `parameter "float **p"`},
		{"KERNEL(a, (float *args)) {", `parameter "args"`},
		{"KERNEL(a (float *p)) {", "0 of 1 declarations understood"},
		{"KERNEL(a, (float *p))\n{", "0 of 1 declarations understood"},
	} {
		_, err := parse("x.cu", c.source)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %s", c.source, err, c.want)
		}
	}
	twice := []kernel{{name: "a"}, {name: "a"}}
	if err := write(&bytes.Buffer{}, twice); err == nil {
		t.Error("a kernel declared twice is taken")
	}
}
