//go:build !nocuda

package cuda

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	kernels "resnet/kernels/cuda"
	"resnet/nn"
	"resnet/nn/models"
)

// variantBatch is the batch of these tests.
const variantBatch = 4

// openVariants opens a GPU, or skips the test where there is none and none is required.
func openVariants(t *testing.T, c Config) *backend {
	t.Helper()
	if _, err := Devices(); err != nil && os.Getenv("RESNET_REQUIRE_GPU") == "" {
		t.Skip(err)
	}
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b.(*backend)
}

// variantGraph is a block of the seed network with a stem and a head. Its shortcut and its weight gradients run on side
// streams.
func variantGraph() *nn.Graph {
	g := nn.NewGraph("block", 1, 6, 6, 3)
	conv := func(name string, out, kernel int, x nn.Value) nn.Value {
		return g.Apply(name, nn.Conv{Out: out, Kernel: kernel, Pad: nn.Padding(kernel / 2)}, x)
	}
	x := conv("stem", 16, 3, g.Apply("input", nn.Normalize{}, g.Images))
	s := conv("shortcut", 16, 1, g.Apply("norm0", nn.BatchNorm{ReLU: true}, x))
	y := g.Apply("norm1", nn.BatchNorm{ReLU: true}, conv("conv1", 16, 1, x))
	y = g.Apply("norm2", nn.BatchNorm{ReLU: true}, conv("conv2", 32, 3, y))
	y = g.Apply("sum", nn.Add{ReLU: true}, conv("conv3", 16, 1, y), s)
	y = g.Apply("pool", nn.AvgPool{Kernel: 2}, y)
	y = g.Apply("hidden", nn.Linear{Out: 8, ReLU: true}, y)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("linear", nn.Linear{Out: 3}, y))
	return g
}

// compileVariant compiles the block and makes its programs take a variant.
func compileVariant(t *testing.T, b *backend, pick func(e *executor) variant) *executor {
	t.Helper()
	x, err := b.Compile(variantGraph(), nn.PlanConfig{Batch: variantBatch, Optimizer: nn.SGD{Momentum: 0.9}})
	if err != nil {
		t.Fatal(err)
	}
	e := x.(*executor)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	defer b.device.Enter()()
	for key, p := range e.programs {
		if err := p.close(); err != nil {
			t.Fatal(err)
		}
		delete(e.programs, key)
		e.variants[key.mode] = pick(e)
	}
	return e
}

// variantSteps takes steps on whole batches and on one of fewer images, and returns all parameters and the logits.
func variantSteps(t *testing.T, e *executor) (values []float32) {
	t.Helper()
	g := e.graph
	if err := nn.Initialize(e, g, 1); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	images := make([]byte, g.Elems(g.Images, variantBatch))
	for i := range images {
		images[i] = byte(rng.IntN(256))
	}
	params := nn.SGD{Momentum: 0.9}.StepParams(1, 0.01)
	step := func(m nn.Mode, n int) {
		for r, p := range map[nn.Ref][]byte{
			{Value: g.Images}:           images[:n*len(images)/variantBatch],
			{Value: g.Labels}:           nn.Bytes([]int32{2, 0, 1, 1}[:n]),
			{Value: nn.StepParamsValue}: nn.Bytes(params[:]),
		} {
			if err := e.Write(r, p); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Run(m, n); err != nil {
			t.Fatal(err)
		}
	}
	read := func(v nn.Value, n int) {
		x := make([]float32, n)
		if err := e.Read(nn.Ref{Value: v}, nn.Bytes(x)); err != nil {
			t.Fatal(err)
		}
		values = append(values, x...)
	}
	for _, n := range []int{variantBatch, variantBatch, variantBatch - 1, variantBatch - 1} { // the second is a graph
		step(nn.Train, n)
	}
	for range 2 {
		step(nn.Eval, variantBatch)
		read(g.Logits, variantBatch*g.Classes)
	}
	for _, v := range g.Parameters() {
		read(v, g.Elems(v, 1))
	}
	return values
}

// distance is ||got - want|| / ||want||.
func distance(got, want []float32) float64 {
	var d, n float64
	for i, w := range want {
		d += (float64(got[i]) - float64(w)) * (float64(got[i]) - float64(w))
		n += float64(w) * float64(w)
	}
	return math.Sqrt(d / n)
}

// variantsOf are the bases, each of them with each way of each option, and each with the last way of all.
func variantsOf(e *executor) []variant {
	list := e.bases()
	for _, base := range e.bases() {
		all := base
		for _, o := range options {
			if !o.fits(e, nn.Train, base) {
				continue
			}
			_, ways := base.with(o)
			list = append(list, ways[1:]...)
			_, ways = all.with(o)
			all = ways[len(ways)-1]
		}
		list = append(list, all)
	}
	return list
}

// sumOrder is how far values may differ after four steps where sums are added in another order: a few roundings of
// activations, 2^-24, 2^-11 or 2^-8, carried through the network.
var sumOrder = map[nn.Precision]float64{nn.FP32: 1e-5, nn.TF32: 1e-2, nn.BF16: 8e-2}

// Every variant computes the same bits captured as launched one by one. They are those of the base, or nearly those
// where sums are added in another order, and then the same again.
func TestCUDAVariants(t *testing.T) {
	for precision, tolerance := range sumOrder {
		t.Run(precision.String(), func(t *testing.T) {
			b := openVariants(t, Config{Precision: precision, Deterministic: true, Fuse: FuseAuto})
			run := func(v variant, eager bool) []float32 {
				b.config.NoGraph = eager
				e := compileVariant(t, b, func(e *executor) variant {
					if v.fusion != nil {
						v.fusion = e.fusion // that of this plan
					}
					return v
				})
				return variantSteps(t, e)
			}
			bases := map[*fusion][]float32{}
			list := variantsOf(compileVariant(t, b, func(e *executor) variant { return e.bases()[0] }))
			for _, v := range list {
				got := run(v, false)
				want, known := bases[v.fusion]
				bits := v.room == kernels.AllRoom && !v.ownNorms
				if !known {
					bases[v.fusion], want = got, got
				}
				if (!known || !bits) && !slices.Equal(run(v, true), got) {
					t.Errorf("%s: other bits captured than launched one by one", v.name)
				}
				if d := distance(got, want); bits && !slices.Equal(got, want) || !(d < tolerance) {
					t.Errorf("%s: differs by %g from a step with no options", v.name, d)
				}
			}
			if want := map[bool]int{true: 10, false: 2}[precision != nn.FP32]; len(list) < want {
				t.Errorf("%d variants, want at least %d", len(list), want)
			}
		})
	}
}

// A run that began before there were options goes on without them, and one that chose a way keeps to it.
func TestCUDAVariantGiven(t *testing.T) {
	choices := func(given *nn.Tuning) (map[string]nn.Choice, string) {
		b := openVariants(t, Config{Precision: nn.BF16, Fuse: FuseAuto, Tune: nn.TuneConfig{Given: given}})
		x, err := b.Compile(variantGraph(), nn.PlanConfig{Batch: variantBatch, Optimizer: nn.SGD{}})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		return b.tuner.used.Choices, x.(*executor).Variant(nn.Train)
	}
	scope := openVariants(t, Config{Precision: nn.BF16}).tuningScope()
	first, name := choices(nil)
	if name != "fused" {
		t.Errorf("without measuring %q is taken, want fused", name)
	}
	old, chosen := nn.NewTuning(scope), nn.NewTuning(scope)
	offered := 0
	for key, c := range first {
		isOption := strings.HasPrefix(key, "option.train ")
		if !isOption {
			old.Choices[key] = c
		}
		for _, o := range options {
			if isOption && strings.HasSuffix(key, ": "+o.name) {
				offered++
			}
		}
		if isOption && strings.HasSuffix(key, ": room of weight gradients") {
			c.Choice = "weight gradients on half of the multiprocessors"
		}
		chosen.Choices[key] = c
	}
	if offered < 3 {
		t.Errorf("%d options of a training step among %v, want at least 3", offered, first)
	}
	kept, name := choices(old)
	if name != "fused" || len(kept) != len(old.Choices) {
		t.Errorf("a run without options goes on as %q with %d choices, want fused and the same %d", name, len(kept),
			len(old.Choices))
	}
	if _, name = choices(chosen); name != "fused, weight gradients on half of the multiprocessors" {
		t.Errorf("the run's variant is not kept, but is %q", name)
	}
	for key := range chosen.Choices {
		if strings.HasPrefix(key, "step.") {
			chosen.Choices[key] = nn.Choice{Choice: "fused, one stream"}
		} else if strings.HasPrefix(key, "option.") {
			delete(chosen.Choices, key)
		}
	}
	if _, name = choices(chosen); name != "fused, one stream" {
		t.Errorf("the given base is not taken, but %q", name)
	}
}

// Where steps are measured so are the options, on the base that is the fastest, and the loss scale does not move.
func TestCUDAVariantMeasured(t *testing.T) {
	b := openVariants(t, Config{Precision: nn.FP16, Fuse: FuseOn, Tune: nn.TuneConfig{Mode: nn.TuneOn}})
	x, err := b.Compile(variantGraph(), nn.PlanConfig{Batch: variantBatch, Optimizer: nn.SGD{}})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	bases, measured := 0, 0
	for key, c := range b.tuner.used.Choices {
		switch {
		case strings.HasPrefix(key, "step.train "):
			bases = 1 + len(c.Candidates)
		case strings.HasPrefix(key, "option.train "):
			measured += 1 + len(c.Candidates)
			if c.Microseconds <= 0 {
				t.Errorf("%s: %+v, want a time", key, c)
			}
		}
	}
	if bases != 2 || measured < 4 || measured > 11 {
		t.Errorf("%d bases and %d ways were measured, want 2, and 4 to 11", bases, measured)
	}
	state, err := x.(nn.Async).State()
	if err != nil || !slices.Equal(state, firstScale.bytes()) {
		t.Errorf("the loss scale begins as %v (%v), want %v", state, err, firstScale.bytes())
	}
}

// The seed network's training step has at most 48 nodes, however it is taken.
func TestCUDAVariantLaunches(t *testing.T) {
	b := openVariants(t, Config{Precision: nn.BF16, Fuse: FuseOn})
	g, err := models.Build(models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=16 hidden=512"})
	if err != nil {
		t.Fatal(err)
	}
	x, err := b.Compile(g, nn.PlanConfig{Batch: variantBatch, Optimizer: nn.Adam{}})
	if err != nil {
		t.Fatal(err)
	}
	e := x.(*executor)
	defer e.Close()
	for _, v := range variantsOf(e) {
		func() {
			defer b.device.Enter()()
			p, err := e.newProgram(nn.Train, variantBatch, v)
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			graph, err := capture(b.stream, p.streams.run)
			if err != nil {
				t.Fatal(err)
			}
			defer graph.Close()
			if n := graph.Nodes(); n > 48 {
				t.Errorf("%s: %d launches, want at most 48", v.name, n)
			}
		}()
	}
}
