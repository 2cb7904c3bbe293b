package cpu

import (
	"errors"
	"math"
	"testing"

	"resnet/data/memory"
	"resnet/data/memory/memorytest"
	"resnet/nn"
	"resnet/nn/models"
)

func network(t *testing.T, options models.Options) *nn.Graph {
	t.Helper()
	c := models.All()[0].Config()
	c.Options = options
	g, err := models.Build(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func open(t *testing.T) *backend {
	t.Helper()
	b, err := New(Config{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return b.(*backend)
}

// TestNeed: what is counted beforehand is what Compile allocates, and what training allocates besides: the images once
// more, and a copy of parameters, statistics and optimiser states.
func TestNeed(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		options models.Options
		config  nn.PlanConfig
	}{
		{"base_channels=16 hidden=512", nn.PlanConfig{Batch: 64}},
		{"base_channels=16 hidden=512", nn.PlanConfig{Batch: 64, Optimizer: nn.NewAdam()}},
		{"base_channels=3 hidden=20000", nn.PlanConfig{Batch: 2, Optimizer: nn.NewAdam()}},
		{"base_channels=40 hidden=0", nn.PlanConfig{Batch: 20, EvalBatch: 500, Optimizer: nn.SGD{}}},
	} {
		g := network(t, c.options)
		p, err := b.Plan(g, c.config)
		if err != nil {
			t.Fatal(err)
		}
		need := b.need(p)
		besides := int64(p.MaxBatch()) * int64(g.Elems(g.Images, 1)+4)
		for _, s := range []nn.Segment{nn.Params, nn.Statistics, nn.Momenta, nn.SecondMoments} {
			besides += p.Bytes[s]
		}
		var e nn.Executor
		memorytest.Limit(t, uint64(need-besides)*11/10+16<<20, func() { // huge pages are rounded up; lists of jobs
			if e, err = b.Compile(g, c.config); err != nil {
				t.Fatal(err)
			}
		})
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		var segments int64
		for _, n := range p.Bytes {
			segments += n
		}
		if need < segments+besides {
			t.Errorf("%s: needs %d bytes, want at least %d of the plan and %d besides", c.options, need, segments,
				besides)
		}
	}
}

// TestTooLarge: what exceeds the memory is refused before it is allocated, with what would fit.
func TestTooLarge(t *testing.T) {
	have, ok := memory.Available()
	if !ok {
		t.Skip("this system does not tell how much memory there is")
	}
	b := open(t)
	small := "base_channels=16 hidden=512"
	for _, c := range []struct {
		name    string
		options models.Options
		batch   int
		fits    bool // there is a batch that fits
	}{
		{"a large batch", models.Options(small), 1 << 30, true},
		{"a batch whose bytes overflow", models.Options(small), math.MaxInt, true},
		{"many parameters", "base_channels=16 hidden=100000000000", 1, false},
		{"many channels", "base_channels=1000000 hidden=0", 1, false},
	} {
		memorytest.Limit(t, 400<<20, func() { // of some dozens of plans, one after another
			_, err := b.Compile(network(t, c.options), nn.PlanConfig{Batch: c.batch, Optimizer: nn.NewAdam()})
			var large *nn.TooLarge
			if !errors.As(err, &large) || !errors.Is(err, nn.ErrOutOfMemory) {
				t.Errorf("%s: error %v, want that it is too large", c.name, err)
				return
			}
			if large.Need <= large.Have || large.Have > have*2 || (large.Fits > 0) != c.fits {
				t.Errorf("%s: %v", c.name, err)
			}
			if !c.fits {
				return
			}
			p, err := b.Plan(network(t, c.options), nn.PlanConfig{Batch: large.Fits, Optimizer: nn.NewAdam()})
			if err != nil {
				t.Fatal(err)
			}
			if need := b.need(p); need > large.Have || need < large.Have/2 {
				t.Errorf("%s: batch size %d needs %d bytes of %d, want most of them", c.name, large.Fits, need,
					large.Have)
			}
		})
	}
}

func TestPanelFloats(t *testing.T) {
	for cols := 1; cols < 70; cols++ {
		if got, want := panelFloats(3, cols, 8), newPanels(3, cols, 8).floats(); got != want {
			t.Errorf("%d columns: %d floats, want %d", cols, got, want)
		}
	}
}
