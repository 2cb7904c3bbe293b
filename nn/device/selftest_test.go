package device

import (
	"math"
	"testing"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/nntest"
)

func cpuWith(t *testing.T, isa kernels.ISA) nn.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Config{Threads: 1, ISA: &isa})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// skipUnderRace skips a test that trains in portable Go, which is slow under the race detector, on one thread.
func skipUnderRace(t *testing.T) {
	t.Helper()
	if nntest.Race {
		t.Skip("one thread: nothing for the race detector")
	}
}

// TestSelfTest: every instruction set passes, and the comparison has all parts.
func TestSelfTest(t *testing.T) {
	skipUnderRace(t)
	for _, isa := range kernels.Supported() {
		c, err := SelfTest(cpuWith(t, isa), cpuWith(t, kernels.Portable))
		if err != nil || len(c.Parts) != 4 || c.Fused {
			t.Fatalf("%v: %+v, %v, want four parts of a step that is not fused", isa, c, err)
		}
		for _, a := range c.Parts {
			if !a.OK() || isa == kernels.Portable && a.Distance != 0 {
				t.Errorf("%v: %s at a distance of %g, want at most %g, 0 from itself", isa, a.What, a.Distance, a.Bound)
			}
		}
	}
}

// skewed is a backend that changes what is written to it.
type skewed struct {
	nn.Backend
	change func(g *nn.Graph, r nn.Ref, p []byte) []byte
}

func (b skewed) Compile(g *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	e, err := b.Backend.Compile(g, c)
	return skewedExecutor{e, g, b}, err
}

type skewedExecutor struct {
	nn.Executor
	graph *nn.Graph
	skewed
}

func (e skewedExecutor) Write(r nn.Ref, p []byte) error {
	return e.Executor.Write(r, e.change(e.graph, r, p))
}

func (e skewedExecutor) Close() error   { return e.Executor.Close() }
func (e skewedExecutor) Plan() *nn.Plan { return e.Executor.Plan() }

// TestSelfTestFindsWhatIsWrong: each fault of a device shows in the part that it affects.
func TestSelfTestFindsWhatIsWrong(t *testing.T) {
	skipUnderRace(t)
	for _, c := range []struct {
		name   string
		change func(g *nn.Graph, r nn.Ref, p []byte) []byte
		finds  string
	}{
		{"one pixel", func(g *nn.Graph, r nn.Ref, p []byte) []byte {
			if r.Value == g.Images {
				p[100] ^= 0x80
			}
			return p
		}, "logits"},
		{"one label", func(g *nn.Graph, r nn.Ref, p []byte) []byte {
			if r.Value == g.Labels {
				p[0]++
			}
			return p
		}, "gradients"},
		{"step size", func(g *nn.Graph, r nn.Ref, p []byte) []byte {
			if r.Value == nn.StepParamsValue {
				return nn.Bytes([]float32{0.09, 0, 0, 0})
			}
			return p
		}, "weights"},
	} {
		found, err := SelfTest(skewed{cpuWith(t, kernels.Portable), c.change}, cpuWith(t, kernels.Portable))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range found.Parts {
			if a.What == c.finds && a.OK() {
				t.Errorf("%s is not noticed: %s at a distance of %g, bound %g", c.name, a.What, a.Distance, a.Bound)
			}
		}
	}
	nan := func(g *nn.Graph, r nn.Ref, p []byte) []byte {
		if r.Value >= 0 && g.ValueName(r.Value) == "fc2.bias" {
			return nn.Bytes([]float32{float32(math.NaN()), 0, 0, 0, 0, 0, 0, 0, 0, 0})
		}
		return p
	}
	_, err := SelfTest(skewed{cpuWith(t, kernels.Portable), nan}, cpuWith(t, kernels.Portable))
	if err == nil || err.Error() != "device: self-test: cpu: logits hold NaN or infinity" {
		t.Errorf("NaN: error %v, want one that names logits", err)
	}
}
