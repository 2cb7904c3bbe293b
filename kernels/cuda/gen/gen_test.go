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
	out := filepath.Join(t.TempDir(), "launchers.go")
	if err := run(out, []string{"../src/kernels.cu", "../src/typed.cu", "../src/tensor.cu"}); err != nil {
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
	var modules []module
	for name, source := range map[string]string{
		"kernels": "KERNEL(finish, (float *sum)) {\n}\n",
		"typed": `
KERNEL_T(batch_norm, (T *y, const T *x,
                      const float *save_mean, Pool p, double eps, Flag relu, uint32_t word, unsigned n)) {
}
`,
		"tensor": "KERNEL_T(product, (T *y, unsigned n)) {\n}\n",
	} {
		kernels, err := parse("x.cu", source)
		if err != nil {
			t.Fatal(err)
		}
		modules = append(modules, module{name: name, kernels: kernels})
	}
	var b bytes.Buffer
	if err := write(&b, modules); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`type functions struct {
	batchNorm perType
	finish    *gpu.Function
	product   perType
}`,
		`// kernels maps the kernels of kernels.ptx to their fields.
func (f *functions) kernels() table {
	return table{
		"finish": &f.finish,
	}
}`,
		`func (f *functions) typed(t gpu.DataType) table {
	return table{
		"batch_norm": &f.batchNorm[t],
	}
}`,
		`func (f *functions) tensor(t gpu.DataType) table {
	return table{
		"product": &f.product[t],`,
		`func (k *Kernels) launchBatchNorm(s *gpu.Stream, grid, block gpu.Dim3, t gpu.DataType, y, x, saveMean gpu.Ptr,
	p Pool, eps float64, relu bool, word uint32, n int) error {
	var args gpu.Args
	args.Ptr(y)
	args.Ptr(x)
	args.Ptr(saveMean)
	p.push(&args)
	args.Float64(eps)
	args.Uint32(flag(relu))
	args.Uint32(word)
	args.Uint32(uint32(n))
	return k.fn.batchNorm.launch("batch_norm", t, s, grid, block, 0, &args)
}`,
		`func (k *Kernels) launchProduct(s *gpu.Stream, grid, block gpu.Dim3, shared int, t gpu.DataType, y gpu.Ptr,
	n int) error {
	var args gpu.Args
	args.Ptr(y)
	args.Uint32(uint32(n))
	return k.fn.product.launch("product", t, s, grid, block, shared, &args)
}`,
		`func (k *Kernels) launchFinish(s *gpu.Stream, grid, block gpu.Dim3, sum gpu.Ptr) error {
	var args gpu.Args
	args.Ptr(sum)
	return k.fn.finish.Launch(s, grid, block, 0, &args)
}`,
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
	a := []kernel{{name: "a"}}
	twice := []module{{name: "kernels", kernels: a}, {name: "tensor", kernels: a}}
	if err := write(&bytes.Buffer{}, twice); err == nil {
		t.Error("a kernel declared twice is taken")
	}
}

// A module's kernels are those of the files that it includes, through headers too, each once.
func TestModule(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"root.cu": "#include <math.h>\n#include \"parts.cuh\"\n#include \"parts.cuh\"\n" +
			"KERNEL(own, (float *p)) {\n}\n",
		"parts.cuh": "#include \"part.cu\"\n",
		"part.cu":   "KERNEL(part, (float *p)) {\n}\n",
		"other.cu":  "KERNEL_T(other, (T *p)) {\n}\n",
		"mixed.cu":  "#include \"part.cu\"\n#include \"other.cu\"\n",
		"none.cu":   "#include <math.h>\n",
		"lost.cu":   "#include \"nowhere.cuh\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var m module
	if err := m.read(filepath.Join(dir, "root.cu"), make(map[string]bool)); err != nil {
		t.Fatal(err)
	}
	if len(m.kernels) != 2 || m.kernels[0].name != "own" || m.kernels[1].name != "part" {
		t.Errorf("got %v, want own and part", m.kernels)
	}
	for name, want := range map[string]string{
		"lost.cu": "nowhere.cuh",
		"mixed.cu": "gen: " + filepath.Join(dir, "mixed.cu") +
			": part and other, want either KERNEL or KERNEL_T for all",
		"none.cu": "no kernel declared",
	} {
		err := run(filepath.Join(dir, "launchers.go"), []string{filepath.Join(dir, name)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %s", name, err, want)
		}
	}
}
