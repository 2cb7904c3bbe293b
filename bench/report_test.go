package bench

import (
	"regexp"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/models"
)

func TestWriteGo(t *testing.T) {
	r := &Report{
		Machine: Machine{CPU: "a cpu", OS: "linux", Arch: "amd64", ISA: "avx2", Threads: 2},
		Results: []Result{{Phase: Train, BatchSize: 32, N: 150, MsPerStep: 26.5, ImagesPerSecond: 1207.547,
			GFLOPS: 205.2}},
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

	r.Machine.GPU.CopyGBPerSecond, r.Machine.GPU.ProductGFLOPS = 4000, 700e3
	r.Results[0].GPU = &Usage{Kernels: 50, IdleShare: 0.0125}
	b.Reset()
	if err := r.WriteGo(&b); err != nil {
		t.Fatal(err)
	}
	want = "goos: linux\ngoarch: amd64\npkg: resnet/bench\ncpu: a cpu\ngpu: a gpu\nprecision: bf16\n" +
		"BenchmarkRooflineCopy\t1\t4000.0 GB/s\nBenchmarkRooflineProduct\t1\t700000.0 GFLOP/s\n" +
		"BenchmarkTrain/batch=32\t150\t26500000 ns/op\t1207.5 img/s\t205.2 GFLOP/s\t50 launches/op\t1.25 %idle\n"
	if b.String() != want {
		t.Errorf("with a roofline: got %q, want %q", b.String(), want)
	}
}

func TestWriteTable(t *testing.T) {
	r := &Report{
		Machine: Machine{CPU: "a cpu", Cores: 2, ISA: "avx2", Threads: 2, PeakGFLOPS: 250},
		Model:   models.Config{Model: "fashion-resnet"},
		Results: []Result{{Phase: Infer, BatchSize: 128, N: 99, ImagesPerSecond: 5000, PeakShare: 0.5,
			Layers: []Layer{
				{Node: "stem", Kind: "conv2d", Phase: "forward", Ms: 0.25, Share: 1},
				{Node: "bn", Kind: "batchnorm", Phase: "forward", Shared: true, MB: 1.5},
			}}},
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	checkTable(t, b.String(), `^a cpu, 2 cores`,
		`\nfashion-resnet, float32, avx2, 2 threads, peak 250 GFLOP/s measured\n`,
		`(?m)^infer +128 +5000\.0 .* 50\.0% +99$`, `(?m)^stem +conv2d +forward +0\.2500 +100\.0% `)

	r.Machine = Machine{CPU: "a cpu", Cores: 2, Device: "cuda:1", GPU: &GPU{
		Name: "a gpu", ComputeCapability: "9.0", Multiprocessors: 132, MemoryBytes: 3 << 29,
		Driver: "13.0", CUDNN: "9.28.1", CUBLAS: "13.0.2", Precision: "bf16", Deterministic: true, Graph: true,
		Tuning: "off: 0 of 9 choices measured",
	}}
	r.Results[0].PeakShare = 0
	b.Reset()
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	checkTable(t, b.String(),
		`(?m)^fashion-resnet, bf16, cuda:1 a gpu, compute capability 9\.0, 132 multiprocessors, 1\.5 GiB, `+
			`CUDA 13\.0, cuDNN 9\.28\.1, cuBLAS 13\.0\.2, CUDA graph, deterministic, `+
			`tuning off: 0 of 9 choices measured$`,
		`(?m)^infer +128 +5000\.0 .* - +99$`, `by layer \(kernels launched one by one\)`)

	r.Machine.GPU.CopyGBPerSecond, r.Machine.GPU.ProductGFLOPS = 4100, 712500
	r.Results[0].PeakShare, r.Results[0].GPU = 0.02, &Usage{Kernels: 48, DeviceMs: 0.2119, IdleShare: 0.0125}
	layer := &r.Results[0].Layers[0]
	layer.MB, layer.GBS, layer.CopyShare, layer.ProductShare = 8.2, 2050, 0.5, 0.1
	b.Reset()
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	checkTable(t, b.String(), `(?m)^measured: copy 4100 GB/s read and written, product 712\.5 TFLOP/s$`,
		`(?m)^infer +128 +5000\.0 .* 2\.0% +99 +48 +0\.2119 +1\.2%$`,
		`(?m)^stem +conv2d +forward .* 8\.200 +2050\.0 +50\.0% +10\.0%$`,
		`(?m)^bn +batchnorm +forward +- +- +0\.0 +- +1\.500 +- +- +-$`)
}

// TestNewLayers: times, and shares of a GPU's roofline.
func TestNewLayers(t *testing.T) {
	m := &Machine{GPU: &GPU{CopyGBPerSecond: 4000, ProductGFLOPS: 500e3}}
	// Ten steps of 100 us for a and 300 us for b; a has 200 MB and 10 GFLOP in each.
	l := newLayers([]nn.InstructionTime{{Node: "a", Seconds: 1e-3, Bytes: 2e9, FLOPs: 1e11},
		{Node: "b", Seconds: 3e-3}}, 10, m)
	if a := l[0]; !near(a.Ms, 0.1) || !near(a.Share, 0.25) || !near(a.MB, 200) || !near(a.GBS, 2000) ||
		!near(a.CopyShare, 0.5) || !near(a.MFLOP, 10e3) || !near(a.GFLOPS, 100e3) || !near(a.ProductShare, 0.2) {
		t.Errorf("%+v, want 0.1 ms, 200 MB at half the speed of the copy, 10 GFLOP at a fifth of the product's", a)
	}
}

func checkTable(t *testing.T, table string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !regexp.MustCompile(want).MatchString(table) {
			t.Errorf("no %s in:\n%s", want, table)
		}
	}
}
