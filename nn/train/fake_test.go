package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/nntest"
)

// fake is a backend whose steps are a few cheap operations on every parameter, statistic and optimiser state. Results
// depend on each image, its place in the batch, and every step before, so that any error in a resumed run shows in its
// weights.
type fake struct {
	before  func(m nn.Mode, run int) // called before each run with its mode and its number in that mode, from 1
	nanAt   int                      // number of the training run whose loss is NaN
	nanEval int                      // number of the evaluation run whose loss is NaN
	infAt   int                      // number of the training run that leaves infinity in the parameters
}

func (*fake) Name() string { return "fake" }
func (*fake) Close() error { return nil }

func (*fake) Info() nn.Info { return nn.Info{Device: "fake"} }

func (*fake) Plan(g *nn.Graph, c nn.PlanConfig) (*nn.Plan, error) {
	return nn.NewPlan(g, c, nntest.Plain{})
}

func (b *fake) Compile(g *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	p, err := b.Plan(g, c)
	if err != nil {
		return nil, err
	}
	e := &fakeExecutor{fake: b, plan: p, mem: map[nn.Ref][]float32{}, params: p.Graph.Parameters()}
	for _, v := range e.params {
		for _, r := range []nn.Role{nn.Data, nn.Momentum, nn.SecondMoment} {
			e.mem[nn.Ref{Value: v, Role: r}] = make([]float32, p.Graph.Elems(v, 1))
		}
	}
	e.pixels = make([]byte, p.Graph.Elems(p.Graph.Images, p.MaxBatch()))
	e.labels = make([]int32, p.MaxBatch())
	return e, nil
}

type fakeExecutor struct {
	*fake
	plan       *nn.Plan
	mem        map[nn.Ref][]float32
	params     []nn.Value
	pixels     []byte
	labels     []int32
	written    int // images
	stepParams nn.StepParams
	metrics    [2]float64
	runs       [3]int // by mode
}

func (e *fakeExecutor) at(r nn.Ref) []byte {
	switch r.Value {
	case e.plan.Graph.Images:
		return e.pixels
	case e.plan.Graph.Labels:
		return nn.Bytes(e.labels)
	case nn.StepParamsValue:
		return nn.Bytes(e.stepParams[:])
	case nn.MetricsValue:
		return nn.Bytes(e.metrics[:])
	case e.plan.Graph.Logits, e.plan.Graph.Probabilities:
		return nn.Bytes(e.logits())
	}
	return nn.Bytes(e.mem[r])
}

func (e *fakeExecutor) Write(r nn.Ref, p []byte) error {
	if r.Value == e.plan.Graph.Labels {
		e.written = len(p) / 4
	}
	copy(e.at(r), p)
	return nil
}

func (e *fakeExecutor) Read(r nn.Ref, p []byte) error {
	copy(p, e.at(r))
	return nil
}

func (e *fakeExecutor) Plan() *nn.Plan { return e.plan }

func (e *fakeExecutor) Sync() error { return nil }

// logits are 1 for the class that is the first pixel of the image and 0 for the others.
func (e *fakeExecutor) logits() []float32 {
	k := e.plan.Graph.Classes
	z := make([]float32, len(e.labels)*k)
	each := len(e.pixels) / len(e.labels)
	for i := range e.labels {
		z[i*k+int(e.pixels[i*each])%k] = 1
	}
	return z
}

func (e *fakeExecutor) Run(m nn.Mode, n int) error {
	if n != e.written {
		return errors.New("fake: run on another number of images than was written")
	}
	e.runs[m]++
	if e.before != nil {
		e.before(m, e.runs[m])
	}
	k, each := e.plan.Graph.Classes, len(e.pixels)/len(e.labels)
	var mix float32
	for i := range n {
		for _, x := range e.pixels[i*each : (i+1)*each] {
			mix = mix*0.9 + float32(x)/255
		}
		mix += float32(e.labels[i]) * 0.01
		if int(e.pixels[i*each])%k == int(e.labels[i]) {
			e.metrics[1]++
		}
	}
	for _, v := range e.params {
		p, s0, s1 := e.mem[nn.Ref{Value: v}], e.mem[nn.Ref{Value: v, Role: nn.Momentum}],
			e.mem[nn.Ref{Value: v, Role: nn.SecondMoment}]
		e.metrics[0] += float64(n) * math.Abs(float64(p[0])+float64(mix)) * 1e-3
		if m == nn.Eval {
			continue
		}
		if !e.plan.Graph.Param(v).Trainable {
			p[0] = 0.99*p[0] + 0.01*mix
			continue
		}
		for i := range p {
			g := mix*0.1 + p[i]*0.3
			s0[i] = 0.9*s0[i] + 0.1*g
			if e.plan.Optimizer.States() > 1 {
				s1[i] = 0.99*s1[i] + 0.01*g*g
			}
			p[i] -= (e.stepParams[0]*s0[i] + e.stepParams[1]*1e-3) / (1 + s1[i])
		}
	}
	if m == nn.Train && e.runs[m] == e.nanAt || m == nn.Eval && e.runs[m] == e.nanEval {
		e.metrics[0] = math.NaN()
	}
	if m == nn.Train && e.runs[m] == e.infAt {
		e.mem[nn.Ref{Value: e.params[0]}][0] = float32(math.Inf(1))
	}
	return nil
}

// source is a data set of images whose first pixel is a class, for four of five images that of the label.
func source(train, test int) *data.Source {
	set := func(n int, seed uint64) *data.Set {
		s := &data.Set{N: n, H: 4, W: 4, C: 1, Pixels: make([]byte, n*16), Labels: make([]int32, n)}
		for i := range s.Pixels {
			s.Pixels[i] = byte(data.Key(seed, data.StreamAugment, 0, i))
		}
		for i := range s.Labels {
			s.Labels[i] = int32(i % 3)
			if i%5 > 0 {
				s.Pixels[16*i] = byte(s.Labels[i])
			}
		}
		return s
	}
	return &data.Source{
		Name: "fake", ClassNames: []string{"a", "b", "c"}, Train: set(train, 1), Test: set(test, 2),
		Dir: "nowhere", Checksum: "0123456789abcdef",
	}
}

// small is a configuration that trains in milliseconds: 47 images in batches of 5, so that the last has 2.
func small(t *testing.T) (Config, Options) {
	c := Defaults()
	c.Options, c.Epochs, c.BatchSize = "base_channels=1 hidden=2", 3, 5
	c.Output = filepath.Join(t.TempDir(), "run")
	c.CheckpointSeconds = 0
	return c, Options{Backend: &fake{}, Source: source(47, 13)}
}

func mustRun(t *testing.T, c Config, o Options) *Result {
	t.Helper()
	r, err := Run(context.Background(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
