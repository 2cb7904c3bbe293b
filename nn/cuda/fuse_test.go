//go:build !nocuda

package cuda_test

import (
	"os"
	"strings"
	"testing"

	"resnet/gpu/gputest"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/nntest"
)

// fusedPrecisions are the precisions at which nodes share kernels.
var fusedPrecisions = []struct {
	precision nn.Precision
	tolerance nntest.Tolerance
}{{nn.TF32, nntest.TF32}, {nn.BF16, nntest.BFloat16}, {nn.FP16, nntest.Float16}}

func TestCUDAFusedPrecision(t *testing.T) {
	for _, c := range fusedPrecisions {
		t.Run(c.precision.String(), func(t *testing.T) {
			if c.precision != nn.BF16 {
				gputest.NeedTime(t, "bf16 is compared")
			}
			open := openCUDA(cuda.Config{Precision: c.precision, Fuse: cuda.FuseOn})
			nntest.RunPrecision(t, lowScale(open), c.tolerance)
		})
	}
}

// A captured step, which forks to side streams, computes the same bits as one that is launched kernel by kernel on one
// stream.
func TestCUDAFusedGraph(t *testing.T) {
	for _, c := range fusedPrecisions {
		graph := cuda.Config{Precision: c.precision, Fuse: cuda.FuseOn, Deterministic: true}
		eager := graph
		eager.NoGraph = true
		t.Run(c.precision.String(), func(t *testing.T) { nntest.RunDeterminism(t, openCUDA(eager), openCUDA(graph)) })
	}
}

// TestCUDAFusedDigest prints what TestCUDAFusedOrder compares, which runs it.
func TestCUDAFusedDigest(t *testing.T) {
	if os.Getenv(digestVariable) == "" {
		t.Skip("run by TestCUDAFusedOrder")
	}
	for _, c := range fusedPrecisions {
		open := openCUDA(cuda.Config{Precision: c.precision, Fuse: cuda.FuseOn, Deterministic: true})
		t.Log(digestMark, c.precision, nntest.Digest(t, open))
	}
}

const (
	digestVariable = "RESNET_TEST_DIGEST"
	digestMark     = "digest:"
)

// The emulated device can change the order of graph nodes that do not depend on each other, and of the threads of a
// block. Neither changes a bit. A missing dependency in the graph, memory that is reused too early or a missing barrier
// would.
func TestCUDAFusedOrder(t *testing.T) {
	gputest.NeedTime(t, "TestCUDAFusedGraph runs in one order")
	gputest.NeedEmulation(t)
	digests := func(setting string) string {
		t.Helper()
		var found []string
		for line := range strings.Lines(gputest.Again(t, "TestCUDAFusedDigest", setting, digestVariable+"=1")) {
			if _, digest, ok := strings.Cut(line, digestMark); ok {
				found = append(found, digest)
			}
		}
		return strings.Join(found, "")
	}
	want := digests("RESNET_EMU_ORDER=")
	if strings.Count(want, "\n") != len(fusedPrecisions) {
		t.Fatalf("digests %q, want one for each of %d precisions", want, len(fusedPrecisions))
	}
	for _, setting := range []string{
		"RESNET_EMU_ORDER=others-first", "RESNET_EMU_THREADS=reverse", "RESNET_EMU_THREADS=shuffle",
	} {
		if got := digests(setting); got != want {
			t.Errorf("%s: digests\n%swant\n%s", setting, got, want)
		}
	}
}
