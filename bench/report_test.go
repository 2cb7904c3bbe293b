package bench

import (
	"regexp"
	"strings"
	"testing"

	"resnet/nn"
)

func TestWriteGo(t *testing.T) {
	r := &Report{
		Machine: Machine{CPU: "a cpu", OS: "linux", Arch: "amd64", ISA: "avx2", Threads: 2},
		Results: []Result{{Phase: Train, BatchSize: 32, N: 150, MsPerStep: 26.5, ImagesPerSecond: 1207.547, GFLOPS: 205.2}},
	}
	var b strings.Builder
	if err := r.WriteGo(&b); err != nil {
		t.Fatal(err)
	}
	// golang.org/design/14313-benchmark-format: key: value lines, then name, iterations and value-unit pairs.
	want := "goos: linux\ngoarch: amd64\npkg: resnet/bench\ncpu: a cpu\nisa: avx2\n" +
		"BenchmarkTrain/batch=32-2\t150\t26500000 ns/op\t1207.5 img/s\t205.2 GFLOP/s\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}

	r.Machine.ISA, r.Machine.Threads, r.Machine.GPU = "", 0, &GPU{Name: "a gpu", Precision: "bf16"}
	b.Reset()
	if err := r.WriteGo(&b); err != nil {
		t.Fatal(err)
	}
	want = "goos: linux\ngoarch: amd64\npkg: resnet/bench\ncpu: a cpu\ngpu: a gpu\nprecision: bf16\n" +
		"BenchmarkTrain/batch=32\t150\t26500000 ns/op\t1207.5 img/s\t205.2 GFLOP/s\n"
	if b.String() != want {
		t.Errorf("on a GPU: got %q, want %q", b.String(), want)
	}
}

func TestWriteTable(t *testing.T) {
	r := &Report{
		Machine: Machine{CPU: "a cpu", Cores: 2, ISA: "avx2", Threads: 2, PeakGFLOPS: 250}, Model: nn.ModelConfig{Model: "fashion-resnet"},
		Results: []Result{{Phase: Infer, BatchSize: 128, N: 99, ImagesPerSecond: 5000, PeakShare: 0.5,
			Layers: []Layer{{Node: "stem", Kind: "conv2d", Phase: "forward", Ms: 0.25, Share: 1}}}},
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	checkTable(t, b.String(), `^a cpu, 2 cores`, `\nfashion-resnet, float32, avx2, 2 threads, peak 250 GFLOP/s measured\n`,
		`(?m)^infer +128 +5000\.0 .* 50\.0% +99$`, `(?m)^stem +conv2d +forward +0\.2500 +100\.0% `)

	r.Machine = Machine{CPU: "a cpu", Cores: 2, Device: "cuda:1", GPU: &GPU{
		Name: "a gpu", ComputeCapability: "9.0", Multiprocessors: 132, MemoryBytes: 3 << 29,
		Driver: "13.0", CUDNN: "9.28.1", CUBLAS: "13.0.2", Precision: "bf16", Deterministic: true, Graph: true,
	}}
	r.Results[0].PeakShare = 0
	b.Reset()
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	checkTable(t, b.String(), `(?m)^fashion-resnet, bf16, cuda:1 a gpu, compute capability 9\.0, 132 multiprocessors, 1\.5 GiB, `+
		`CUDA 13\.0, cuDNN 9\.28\.1, cuBLAS 13\.0\.2, CUDA graph, deterministic$`,
		`(?m)^infer +128 +5000\.0 .* - +99$`, `by layer \(kernels launched one by one\)`)
}

func checkTable(t *testing.T, table string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !regexp.MustCompile(want).MatchString(table) {
			t.Errorf("no %s in:\n%s", want, table)
		}
	}
}
