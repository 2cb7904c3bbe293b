//go:build !nocuda

package cuda_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"resnet/data"
	"resnet/gpu"
	"resnet/gpu/gputest"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/models"
	"resnet/nn/nntest"
)

// context is the context of GPU 0, which the tests share. A test that fails may have lost it.
var context = gputest.Share(
	func() (release func() error, err error) { return gpu.Hold(0) },
	func(release func() error) error { return release() },
)

func TestMain(m *testing.M) { gputest.Main(m, context.Release) }

// openCUDA opens GPU 0, real or emulated. Without one a test is skipped, or fails where RESNET_REQUIRE_GPU is set.
func openCUDA(c cuda.Config) func(t testing.TB) nn.Backend {
	return func(t testing.TB) nn.Backend {
		t.Helper()
		_, err := cuda.Devices()
		gputest.Need(t, err)
		context.Get(t)
		b, err := cuda.New(c)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func TestCUDA(t *testing.T) { nntest.RunAll(t, openCUDA(cuda.Config{Deterministic: true})) }

func TestCUDAGolden(t *testing.T) {
	nntest.RunGolden(t, openCUDA(cuda.Config{Deterministic: true}))
}

func TestCUDAGoldenFull(t *testing.T) {
	gputest.NeedTime(t, "TestCUDAGolden compares a smaller network")
	nntest.RunGoldenFull(t, openCUDA(cuda.Config{Deterministic: true}))
}

func TestCUDAPrecision(t *testing.T) {
	gputest.NeedTime(t, "TestCUDA compares these kernels in fp32, TestCUDAFusedPrecision others in bf16")
	for _, c := range []struct {
		precision nn.Precision
		tolerance nntest.Tolerance
	}{{nn.FP32, nntest.Float32}, {nn.TF32, nntest.TF32}, {nn.BF16, nntest.BFloat16}, {nn.FP16, nntest.Float16}} {
		t.Run(c.precision.String(), func(t *testing.T) {
			nntest.RunPrecision(t, lowScale(openCUDA(cuda.Config{Precision: c.precision})), c.tolerance)
		})
	}
}

// scaledBackend starts with a loss scale at which no gradient of a small network overflows in float16: a step that is
// skipped could not be compared.
type scaledBackend struct{ nn.Backend }

func (b scaledBackend) Compile(g *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	e, err := b.Backend.Compile(g, c)
	if err != nil {
		return nil, err
	}
	s := e.(nn.Async)
	state, err := s.State()
	if err != nil || state == nil {
		return e, err
	}
	const scale = 64
	binary.LittleEndian.PutUint32(state, math.Float32bits(scale))
	binary.LittleEndian.PutUint32(state[4:], math.Float32bits(1.0/scale))
	return e, s.SetState(state)
}

func lowScale(open func(t testing.TB) nn.Backend) func(t testing.TB) nn.Backend {
	return func(t testing.TB) nn.Backend {
		t.Helper()
		return scaledBackend{open(t)}
	}
}

// A captured step computes the same bits as one that is launched kernel by kernel, and so does check mode.
func TestCUDAGraph(t *testing.T) {
	for _, p := range []nn.Precision{nn.FP32, nn.TF32, nn.BF16, nn.FP16} {
		graph := cuda.Config{Precision: p, Deterministic: true}
		eager, check := graph, graph
		eager.NoGraph, check.Check = true, true
		t.Run(p.String(), func(t *testing.T) {
			nntest.RunDeterminism(t, openCUDA(eager), openCUDA(graph))
			nntest.RunDeterminism(t, openCUDA(eager), openCUDA(check))
		})
	}
}

// narrowNetwork is the model at a size for tests.
func narrowNetwork(t *testing.T, b nn.Backend, batch int) (*nn.Graph, nn.Executor) {
	t.Helper()
	g, err := models.Build(models.Config{
		Model: "fashion-resnet", Channels: 3, Height: 12, Width: 10, Classes: 10, Options: "base_channels=4 hidden=8",
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, compiled(t, g, b, batch)
}

// compiled compiles a graph with SGD and initialises it; the end of the test closes it and the backend.
func compiled(t *testing.T, g *nn.Graph, b nn.Backend, batch int) nn.Executor {
	t.Helper()
	e, err := b.Compile(g, nn.PlanConfig{Batch: batch, Optimizer: nn.SGD{Momentum: 0.9}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(e.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := nn.Initialize(e, g, 1); err != nil {
		t.Fatal(err)
	}
	return e
}

// logits runs inference on n images.
func logits(t *testing.T, e nn.Executor, g *nn.Graph, n int) []float32 {
	t.Helper()
	if err := e.Run(nn.Eval, n); err != nil {
		t.Fatal(err)
	}
	z := make([]float32, n*g.Classes)
	if err := e.Read(nn.Ref{Value: g.Logits}, nn.Bytes(z)); err != nil {
		t.Fatal(err)
	}
	return z
}

// Assemble gives the network the same images as Write does when the host has shifted and mirrored them.
func TestCUDAAssemble(t *testing.T) {
	const batch, total = 5, 23
	g, e := narrowNetwork(t, openCUDA(cuda.Config{})(t), batch)
	shape := g.Type(g.Images).Shape
	each := shape.Elems()
	rng := rand.New(rand.NewPCG(1, 2))
	images := make([]byte, total*each)
	for i := range images {
		images[i] = byte(rng.IntN(256))
	}
	labels := make([]int32, total)
	for i := range labels {
		labels[i] = int32(rng.IntN(g.Classes))
	}
	async := e.(nn.Async)
	set, err := async.Upload(images, labels)
	if err != nil {
		t.Fatal(err)
	}
	samples := []data.Sample{
		{Index: 22}, {Index: 0, DY: -3, DX: 2}, {Index: 7, Flip: true}, {Index: 7, DY: 4, DX: -1, Flip: true},
		{Index: 3, DY: 127, DX: -128},
	}
	for _, n := range []int{batch, 2} {
		var pixels []byte
		var batchLabels []int32
		for _, d := range samples[:n] {
			batchLabels = append(batchLabels, labels[d.Index])
			for y := range shape.H {
				for x := range shape.W {
					sy, sx := y+int(d.DY), x
					if d.Flip {
						sx = shape.W - 1 - x
					}
					sx += int(d.DX)
					for c := range shape.C {
						v := byte(0)
						if sy >= 0 && sy < shape.H && sx >= 0 && sx < shape.W {
							v = images[int(d.Index)*each+(sy*shape.W+sx)*shape.C+c]
						}
						pixels = append(pixels, v)
					}
				}
			}
		}
		metrics := func() (m [2]float64) {
			if err := e.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(m[:])); err != nil {
				t.Fatal(err)
			}
			return m
		}
		err := errors.Join(
			e.Write(nn.Ref{Value: g.Images}, pixels), e.Write(nn.Ref{Value: g.Labels}, nn.Bytes(batchLabels)))
		if err != nil {
			t.Fatal(err)
		}
		m0 := metrics()
		want := logits(t, e, g, n)
		m1 := metrics()
		err = errors.Join(e.Write(nn.Ref{Value: g.Images}, make([]byte, n*each)), async.Assemble(set, samples[:n]))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range logits(t, e, g, n) {
			if v != want[i] {
				t.Fatalf("logit %d of %d images is %g, want %g", i, n, v, want[i])
			}
		}
		if m2 := metrics(); math.Abs(m2[0]-m1[0]-(m1[0]-m0[0])) > 1e-9*m1[0] || m2[1]-m1[1] != m1[1]-m0[1] {
			t.Errorf("metrics moved by %g, %g; want %g, %g as the labels are the same",
				m2[0]-m1[0], m2[1]-m1[1], m1[0]-m0[0], m1[1]-m0[1])
		}
	}
	for what, err := range map[string]error{
		"assemble from no set":      async.Assemble(1, samples),
		"assemble no image":         async.Assemble(set, nil),
		"assemble an image beyond":  async.Assemble(set, []data.Sample{{Index: total}}),
		"assemble a negative":       async.Assemble(set, []data.Sample{{Index: -1}}),
		"assemble beyond the batch": async.Assemble(set, make([]data.Sample, batch+1)),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := async.Upload(images[1:], labels); err == nil {
		t.Error("upload of part of an image: no error")
	}
	labels[3] = int32(g.Classes)
	if _, err := async.Upload(images, labels); err == nil {
		t.Error("upload of a label that is no class: no error")
	}
}

// Check mode names the node, phase and tensor in which a NaN first shows.
func TestCUDACheckFindsNaN(t *testing.T) {
	g, e := narrowNetwork(t, openCUDA(cuda.Config{Check: true})(t), 2)
	if err := e.Write(nn.Ref{Value: g.Images}, make([]byte, g.Elems(g.Images, 2))); err != nil {
		t.Fatal(err)
	}
	logits(t, e, g, 2)
	for i := range g.Nodes {
		if g.Nodes[i].Name != "blocks.1.conv2" {
			continue
		}
		v := g.Nodes[i].Params[0]
		w := make([]float32, g.Elems(v, 1))
		w[0] = float32(math.NaN())
		if err := e.Write(nn.Ref{Value: v}, nn.Bytes(w)); err != nil {
			t.Fatal(err)
		}
	}
	err := e.Run(nn.Eval, 2)
	if err == nil || !strings.Contains(err.Error(), "blocks.1.conv2: forward: check: blocks.1.conv2") {
		t.Errorf("error %v, want one that names blocks.1.conv2", err)
	}
}

// No GPU has the memory for this batch.
func TestCUDAOutOfMemory(t *testing.T) {
	b := openCUDA(cuda.Config{})(t)
	g, err := models.Build(models.Config{
		Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=16 hidden=512",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Compile(g, nn.PlanConfig{Batch: 1 << 20, Optimizer: nn.SGD{}})
	if !errors.Is(err, nn.ErrOutOfMemory) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line that wraps %v", err, nn.ErrOutOfMemory)
	}
	var large *nn.TooLarge
	if !errors.As(err, &large) {
		t.Fatalf("error %v, want that it is too large", err)
	}
	if large.Have >= large.Need || large.Fits == 0 {
		t.Errorf("error %v, want what is needed, what is there and what fits", err)
	}
	fits := nn.PlanConfig{Batch: max(large.Fits, 1), Optimizer: nn.SGD{}}
	if err := b.(nn.MemoryChecker).CheckMemory(g, fits); err != nil {
		t.Errorf("what fits does not: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("after running out of memory: %v", err)
	}
}

// State is the loss scale in float16; at other precisions there is none.
func TestCUDAState(t *testing.T) {
	_, e := narrowNetwork(t, openCUDA(cuda.Config{Precision: nn.FP16})(t), 2)
	s := e.(nn.Async)
	state, err := s.State()
	if err != nil || len(state) == 0 {
		t.Fatalf("state of %d bytes, error %v; want some", len(state), err)
	}
	if err := s.SetState(state); err != nil {
		t.Error(err)
	}
	if s.SetState(state[1:]) == nil || s.SetState(make([]byte, len(state))) == nil {
		t.Error("a state of the wrong length or of scale 0 was taken")
	}
	_, e = narrowNetwork(t, openCUDA(cuda.Config{})(t), 2)
	if state, err := e.(nn.Async).State(); err != nil || state != nil {
		t.Errorf("state of %d bytes, error %v; want none in float32", len(state), err)
	}
}
