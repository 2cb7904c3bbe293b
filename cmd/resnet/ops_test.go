package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/cuda"
	"resnet/nn/keras"
	"resnet/nn/nntest"
	"resnet/nn/onnx"
)

// TestOps walks the list of ops: each backend, the reference and each exporter has code for an op, or says in its error
// that it has none.
func TestOps(t *testing.T) {
	backends := map[string]nn.Backend{"reference": nntest.NewReference()}
	var err error
	if backends["cpu"], err = cpu.New(cpu.Config{Threads: 1, NoPin: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := cuda.Devices(); err == nil {
		if backends["cuda"], err = cuda.New(cuda.Config{}); err != nil {
			t.Fatal(err)
		}
	} else if os.Getenv("RESNET_REQUIRE_GPU") != "" {
		t.Fatal(err)
	}
	for _, b := range backends {
		defer b.Close()
	}
	for _, op := range nn.Ops() {
		t.Run(op.Kind(), func(t *testing.T) {
			g, err := nntest.OpGraph(op)
			if err != nil {
				t.Fatal(err)
			}
			handled := func(what string, err error) {
				if err != nil && !strings.Contains(err.Error(), "op "+op.Kind()) {
					t.Errorf("%s neither has op %s nor says that it has not: %v", what, op.Kind(), err)
				}
			}
			for name, b := range backends {
				handled(name, oneStep(b, g))
			}
			zeros := func(v nn.Value) ([]float32, error) { return make([]float32, g.Elems(v, 1)), nil }
			handled("onnx", onnx.Write(io.Discard, g, zeros, onnx.Options{}))
			handled("keras", keras.Write(io.Discard, keras.H5, g, zeros))
		})
	}
}

// oneStep trains a network on one image.
func oneStep(b nn.Backend, g *nn.Graph) error {
	e, err := b.Compile(g, nn.PlanConfig{Batch: 1, Optimizer: nn.SGD{}})
	if err != nil {
		return err
	}
	defer e.Close()
	if err := nn.Initialize(e, g, 1); err != nil {
		return err
	}
	if err := e.Run(nn.Train, 1); err != nil {
		return err
	}
	return e.Sync()
}
