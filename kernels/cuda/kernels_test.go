//go:build !nocuda

package cuda

import (
	"os"
	"slices"
	"strings"
	"testing"

	"resnet/gpu"
	"resnet/gpu/gputest"
)

// Below compute capability 8.0, the kernels for tensor cores are not loaded and the others work. The emulated GPU gets
// another compute capability in a process of its own.
func TestLoadWithoutTensorCores(t *testing.T) {
	const variable = "RESNET_EMU_CC"
	g := onGPU(t)
	if major, _ := g.d.ComputeCapability(); major < 8 {
		if g.k.tensor || len(g.k.TensorTypes()) != 0 {
			t.Error("kernels for tensor cores were loaded")
		}
		x := g.put(f32, []float64{-1, 2})
		g.ok(g.k.ReLU(g.s, gpu.Float32, x.Ptr, x.Ptr, 2))
		g.equal("relu", x.get(), []float64{0, 2})
		return
	}
	if !g.k.tensor || !slices.Equal(g.k.TensorTypes(), dtypes) {
		t.Errorf("kernels for tensor cores were loaded for %v, want %v", g.k.TensorTypes(), dtypes)
	}
	if g.d.Name() != "emulated GPU" || os.Getenv(variable) != "" {
		return
	}
	gputest.Again(t, t.Name(), variable+"=75")
}

// Kernels that were not selected are not loaded, and launching them returns an error that says so.
func TestSelection(t *testing.T) {
	g := onGPU(t)
	k, err := Load(g.d, Selection{Types: []gpu.DataType{gpu.BFloat16}})
	g.ok(err)
	defer func() { g.ok(k.Close()) }()
	if len(k.modules) != 2 {
		t.Errorf("%d modules, want kernels and typed_bf16", len(k.modules))
	}
	x := g.put(bf16, []float64{-1, 2})
	g.ok(k.ReLU(g.s, gpu.BFloat16, x.Ptr, x.Ptr, 2))
	g.equal("relu", x.get(), []float64{0, 2})
	one := gpu.Dim3{X: 1, Y: 1, Z: 1}
	for want, err := range map[string]error{
		"cuda: relu_f16 was not loaded: want float16": k.ReLU(g.s, gpu.Float16, x.Ptr, x.Ptr, 2),
		"cuda: weight_gradient_bf16 was not loaded":   k.launchWeightGradient(g.s, one, one, 0, gpu.BFloat16, nil, 0),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A launch may use all of the shared memory that a block can have.
func TestSharedMemory(t *testing.T) {
	g := onGPU(t)
	g.needTensorCores()
	if g.k.shared <= 48<<10 {
		t.Fatalf("%d bytes of shared memory, want more than 48 KiB", g.k.shared)
	}
	x, dy, dw := g.zeros(f16, 16*16), g.zeros(f16, 16*16), g.fresh(f32, 16*16)
	tasks, err := g.k.weightTasks(gpu.Float16, []*WeightGradient{{N: 1, H: 4, W: 4, In: 16, Out: 16, Kernel: 1,
		Operand: Operand{X: x.Ptr}, Gradient: Operand{X: dy.Ptr}, DW: dw.Ptr, Blocks: 1}})
	g.ok(err)
	tasks[0].plan.shared = g.k.shared
	g.ok(g.k.runWeightTasks(g.s, gpu.Float16, tasks))
	g.equal("dw", dw.get(), make([]float64, 16*16))
}
