//go:build !nocuda

package cuda_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/nntest"
)

// fusing are the precisions that nodes share kernels in.
var fusing = []struct {
	precision nn.Precision
	tolerance nntest.Tolerance
}{{nn.TF32, nntest.TF32}, {nn.BF16, nntest.BFloat16}, {nn.FP16, nntest.Float16}}

func TestCUDAFusedPrecision(t *testing.T) {
	for _, c := range fusing {
		t.Run(c.precision.String(), func(t *testing.T) {
			nntest.RunPrecision(t, lowScale(openCUDA(cuda.Config{Precision: c.precision, Fuse: cuda.FuseOn})), c.tolerance)
		})
	}
}

// A captured step, whose work forks, computes the bits of one that is launched
// kernel by kernel on one stream.
func TestCUDAFusedGraph(t *testing.T) {
	for _, c := range fusing {
		graph := cuda.Config{Precision: c.precision, Fuse: cuda.FuseOn, Deterministic: true}
		eager := graph
		eager.NoGraph = true
		t.Run(c.precision.String(), func(t *testing.T) { nntest.RunDeterminism(t, openCUDA(eager), openCUDA(graph)) })
	}
}

// requireEmulation skips a test of what only the emulated device can do.
func requireEmulation(t *testing.T) {
	t.Helper()
	b := openCUDA(cuda.Config{})(t)
	defer b.Close()
	if d := b.Info().GPU; d.Name != "emulated GPU" {
		t.Skipf("on %s, whose order of work no setting changes", d.Name)
	}
}

// TestCUDAFusedDigest prints what TestCUDAFusedOrder compares.
func TestCUDAFusedDigest(t *testing.T) {
	requireEmulation(t)
	for _, c := range fusing {
		t.Log(digestMark, c.precision, nntest.Digest(t, openCUDA(cuda.Config{Precision: c.precision, Fuse: cuda.FuseOn, Deterministic: true})))
	}
}

const digestMark = "digest:"

// Neither the order in which the emulated device does work that may be done in
// any order, nor that of the threads of a block, changes a bit: a missing
// dependency in the graph, memory that is given back too early or a missing
// barrier would.
func TestCUDAFusedOrder(t *testing.T) {
	requireEmulation(t)
	digests := func(setting string) string {
		t.Helper()
		cmd := exec.Command(os.Args[0], "-test.run=^TestCUDAFusedDigest$", "-test.v")
		cmd.Env = append(os.Environ(), setting)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", setting, err, out)
		}
		var found []string
		for line := range strings.Lines(string(out)) {
			if _, digest, ok := strings.Cut(line, digestMark); ok {
				found = append(found, digest)
			}
		}
		return strings.Join(found, "")
	}
	want := digests("RESNET_EMU_ORDER=")
	if strings.Count(want, "\n") != len(fusing) {
		t.Fatalf("digests %q, want one for each of %d precisions", want, len(fusing))
	}
	for _, setting := range []string{"RESNET_EMU_ORDER=others-first", "RESNET_EMU_THREADS=reverse", "RESNET_EMU_THREADS=shuffle"} {
		if got := digests(setting); got != want {
			t.Errorf("%s: digests\n%swant\n%s", setting, got, want)
		}
	}
}
