package nntest

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"resnet/nn"
	"resnet/nn/safetensors"
)

//go:embed testdata/golden/small.safetensors
var goldenSmall []byte

// GoldenEnv is the environment variable that names the folder of full.safetensors.
const GoldenEnv = "RESNET_GOLDEN_DIR"

// bounds are the largest relative L2 distances, by what is compared.
type bounds struct {
	logits, grad, step1, final, evalLogits, loss, sgdFinal, sgdLoss float64
}

// What a backend is allowed: ten times the distance at which PyTorch itself
// stands in float32 (the largest over tensors; see testdata/golden). In the
// full set the five Adam steps amplify rounding: an update is nearly
// lr*sign(gradient), whatever the gradient's size.
var (
	smallBounds = bounds{logits: 3e-6, grad: 1.2e-5, step1: 2.5e-6, final: 2.6e-6, evalLogits: 1e-6, loss: 1e-6, sgdFinal: 1.1e-6, sgdLoss: 1e-6}
	fullBounds  = bounds{logits: 8e-6, grad: 5e-5, step1: 2e-5, final: 2e-2, evalLogits: 2e-2, loss: 3e-3, sgdFinal: 2e-3, sgdLoss: 3e-5}
)

// RunGolden compares a backend with values that PyTorch computed in float64 for
// the fashion-resnet model, small enough to lie beside this file: logits, the
// loss of each step, every gradient, and parameters after one and after all
// steps of Adam and of SGD.
func RunGolden(t *testing.T, open func(t testing.TB) nn.Backend) {
	f, err := safetensors.New(bytes.NewReader(goldenSmall), int64(len(goldenSmall)), "small.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, openBackend(t, open), f, smallBounds)
}

// RunGoldenFull does the same with the network at its full size, where
// RESNET_GOLDEN_DIR or this package's testdata/golden has full.safetensors
// (gen_golden.py there makes it). Where RESNET_GOLDEN_DIR is set it must be.
//
// Among the full set's two million ReLUs one (block 3's bn2, element 170708)
// has an input of 4.6e-9. A backend whose float32 rounding puts it on the other
// side of zero, as even float64 does with another last digit of epsilon, gets
// gradients that are 2e-3 away for that one mask; such a backend proves itself
// on RunGolden and RunAll.
func RunGoldenFull(t *testing.T, open func(t testing.TB) nn.Backend) {
	compareGolden(t, openBackend(t, open), openFull(t), fullBounds)
}

func openBackend(t *testing.T, open func(t testing.TB) nn.Backend) nn.Backend {
	b := open(t)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func openFull(t *testing.T) *safetensors.File {
	dir := os.Getenv(GoldenEnv)
	required := dir != ""
	if !required {
		_, source, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(source), "testdata", "golden")
	}
	path := filepath.Join(dir, "full.safetensors")
	if _, err := os.Stat(path); err != nil && !required {
		t.Skipf("no %s; gen_golden.py beside it makes it, %s names another folder", path, GoldenEnv)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// golden is a set of reference values and the test that they serve.
type golden struct {
	*testing.T
	file         *safetensors.File
	graph        *nn.Graph
	batch, steps int
	images       []byte
	labels       []int32
}

func compareGolden(t *testing.T, b nn.Backend, f *safetensors.File, bound bounds) {
	g := &golden{T: t, file: f, batch: metadata(t, f, "batch"), steps: metadata(t, f, "steps")}
	var err error
	g.graph, err = nn.Build(nn.ModelConfig{
		Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		BaseChannels: metadata(t, f, "base"), Hidden: metadata(t, f, "hidden"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if g.images, err = f.Read("images"); err != nil {
		t.Fatal(err)
	}
	labels, err := f.Read("labels")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range labels {
		g.labels = append(g.labels, int32(l))
	}

	adam := g.start(b, nn.NewAdam(), 1e-3)
	for s := range g.steps {
		loss := g.train(adam, s)
		g.check(fmt.Sprintf("loss %d", s), bound.loss, []float32{loss}, g.want("loss")[s:s+1])
		if s > 0 {
			continue
		}
		g.check("logits", bound.logits, g.read(adam, nn.Ref{Value: g.graph.Logits}, g.batch), g.want("logits"))
		g.checkParameters("grad", bound.grad, adam)
		g.checkParameters("step1", bound.step1, adam)
	}
	g.checkParameters("final", bound.final, adam)
	g.feed(adam, 0)
	if err := adam.Run(nn.Eval, g.batch); err != nil {
		t.Fatal(err)
	}
	g.check("eval_logits", bound.evalLogits, g.read(adam, nn.Ref{Value: g.graph.Logits}, g.batch), g.want("eval_logits"))

	sgd := g.start(b, nn.SGD{Momentum: 0.9, Nesterov: true}, 0.0003)
	for s := range g.steps {
		loss := g.train(sgd, s)
		g.check(fmt.Sprintf("sgd_loss %d", s), bound.sgdLoss, []float32{loss}, g.want("sgd_loss")[s:s+1])
	}
	g.checkParameters("sgd_final", bound.sgdFinal, sgd)
}

func metadata(t *testing.T, f *safetensors.File, key string) int {
	n, err := strconv.Atoi(f.Metadata[key])
	if err != nil {
		t.Fatalf("%s: metadata %s: %v", f.Name, key, err)
	}
	return n
}

func (g *golden) want(name string) []float32 {
	g.Helper()
	x, err := g.file.Float32(name)
	if err != nil {
		g.Fatal(err)
	}
	return x
}

// learner is the network with an optimiser and its learning rate.
type learner struct {
	nn.Executor
	opt nn.Optimizer
	lr  float64
}

// start compiles the network and gives it the set's parameters.
func (g *golden) start(b nn.Backend, opt nn.Optimizer, lr float64) *learner {
	g.Helper()
	plan, err := nn.NewPlan(g.graph, nn.PlanConfig{Batch: g.batch, Optimizer: opt, Target: b})
	if err != nil {
		g.Fatal(err)
	}
	e, err := b.Compile(plan)
	if err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() {
		if err := e.Close(); err != nil {
			g.Error(err)
		}
	})
	for _, v := range g.graph.Parameters() {
		g.write(e, v, nn.Bytes(g.want("init/"+g.graph.ValueName(v))))
	}
	return &learner{e, opt, lr}
}

func (g *golden) write(e nn.Executor, v nn.Value, p []byte) {
	g.Helper()
	if err := e.Write(nn.Ref{Value: v}, p); err != nil {
		g.Fatal(err)
	}
}

// feed writes batch s.
func (g *golden) feed(e nn.Executor, s int) {
	size := len(g.images) / len(g.labels) * g.batch
	g.write(e, g.graph.Images, g.images[s*size:(s+1)*size])
	g.write(e, g.graph.Labels, nn.Bytes(g.labels[s*g.batch:(s+1)*g.batch]))
}

// train takes step s and returns the mean loss before it.
func (g *golden) train(e *learner, s int) float32 {
	g.Helper()
	g.feed(e, s)
	h := e.opt.Hyper(int64(s+1), e.lr)
	g.write(e, nn.HyperValue, nn.Bytes(h[:]))
	var m [2]float64
	g.write(e, nn.MetricsValue, nn.Bytes(m[:]))
	if err := e.Run(nn.Train, g.batch); err != nil {
		g.Fatal(err)
	}
	if err := e.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(m[:])); err != nil {
		g.Fatal(err)
	}
	return float32(m[0] / float64(g.batch))
}

func (g *golden) read(e nn.Executor, r nn.Ref, batch int) []float32 {
	g.Helper()
	x := make([]float32, g.graph.Elems(r.Value, batch))
	if err := e.Read(r, nn.Bytes(x)); err != nil {
		g.Fatal(err)
	}
	return x
}

func (g *golden) check(what string, bound float64, got, want []float32) {
	g.Helper()
	d := relative(got, want)
	g.Logf("%-12s %8.1e of %8.1e", what, d, bound)
	if !(d <= bound) {
		g.Errorf("%s: distance %.2e, want at most %.2e", what, d, bound)
	}
}

// checkParameters compares all tensors of one kind; the table has the worst.
func (g *golden) checkParameters(kind string, bound float64, e nn.Executor) {
	g.Helper()
	worst, name := -1.0, ""
	for _, v := range g.graph.Parameters() {
		r := nn.Ref{Value: v}
		if kind == "grad" {
			if !g.graph.Param(v).Trainable {
				continue
			}
			r.Role = nn.Grad
		}
		d := relative(g.read(e, r, 1), g.want(kind+"/"+g.graph.ValueName(v)))
		if !(d <= bound) {
			g.Errorf("%s/%s: distance %.2e, want at most %.2e", kind, g.graph.ValueName(v), d, bound)
		}
		if !(d <= worst) {
			worst, name = d, g.graph.ValueName(v)
		}
	}
	g.Logf("%-12s %8.1e of %8.1e  %s", kind, worst, bound, name)
}

// relative is ||got-want|| / ||want||, NaN where one has a NaN.
func relative(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.NaN()
	}
	var diff, norm float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		diff += d * d
		norm += float64(w) * float64(w)
	}
	return math.Sqrt(diff / norm)
}
