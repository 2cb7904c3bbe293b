package nn

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// roomFor is a room for networks that take a fixed number of bytes and some for each image.
func roomFor(have, fixed, each int64) Room {
	return Room{
		Of: "this machine", Have: func(int64) (int64, error) { return have, nil },
		Need: func(_ *Graph, c PlanConfig) (least, most int64, err error) {
			if int64(c.Batch) > math.MaxInt64/each {
				return 0, 0, fmt.Errorf("plan: %w", errUncountable)
			}
			least = fixed + each*int64(c.Batch)
			return least, least, nil
		},
	}
}

func TestRoom(t *testing.T) {
	g := &Graph{Name: "net"}
	for _, c := range []struct {
		have, fixed, each int64
		batch             int
		want              string // "": it fits
	}{
		{1000, 100, 10, 90, ""},
		{1000, 100, 10, 91, "nn: net at batch size 91 needs 1.01 kB, this machine has 1.00 kB; batch size 83 fits"},
		// 15/16 of 1 MB is room for 937.5 images.
		{1e6, 0, 1000, 5000, "nn: net at batch size 5000 needs 5.00 MB, this machine has 1.00 MB; batch size 930 fits"},
		{1e6, 2e6, 1000, 3, "nn: net at batch size 3 needs 2.00 MB, this machine has 1.00 MB; want a smaller network"},
		{1e6, 0, 1000, math.MaxInt, "needs 9.22 EB, this machine has 1.00 MB; batch size 930 fits"},
	} {
		err := roomFor(c.have, c.fixed, c.each).Check(g, PlanConfig{Batch: c.batch})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c, err, c.want)
		}
		if err != nil && !errors.Is(err, ErrOutOfMemory) {
			t.Errorf("%v is no ErrOutOfMemory", err)
		}
	}
	failed := errors.New("failed")
	r := roomFor(1, 1, 1)
	r.Have = func(int64) (int64, error) { return 0, failed }
	if err := r.Check(g, PlanConfig{Batch: 1}); !errors.Is(err, failed) {
		t.Errorf("error %v, want that of Have", err)
	}
}

// TestSizesDoNotOverflow: what a graph and its plan count stays within 64 bits, or is an error.
func TestSizesDoNotOverflow(t *testing.T) {
	for name, build := range map[string]func() *Graph{
		"images":         func() *Graph { return NewGraph("net", 1<<31, 1<<31, 1<<31, 2) },
		"images of most": func() *Graph { return NewGraph("net", math.MaxInt, math.MaxInt, math.MaxInt, 2) },
		"many classes": func() *Graph {
			g := NewGraph("net", 1, 4, 4, math.MaxInt)
			x := g.Apply("input", Normalize{}, g.Images)
			g.Loss(SoftmaxCrossEntropy{}, g.Apply("fc", Linear{Out: math.MaxInt}, x))
			return g
		},
		"a wide convolution": func() *Graph {
			g := NewGraph("net", 1, 4, 4, 2)
			g.Apply("conv", Conv{Out: math.MaxInt/9 + 1, Kernel: 3}, g.Apply("input", Normalize{}, g.Images))
			return g
		},
		"many of them": func() *Graph {
			g := NewGraph("net", 1, 1<<10, 1<<10, 2)
			x := g.Apply("input", Normalize{}, g.Images)
			for i := range 2000 {
				x = g.Apply(fmt.Sprint("conv", i), Conv{Out: 1 << 20, Kernel: 1}, x)
			}
			return g
		},
		"operations": func() *Graph {
			g := NewGraph("net", 1<<10, 1<<15, 1<<15, 2)
			x := g.Apply("input", Normalize{}, g.Images)
			g.Apply("conv", Conv{Out: 1 << 12, Kernel: 1 << 7, Stride: 1}, x)
			return g
		},
	} {
		err := build().Err()
		if err == nil || !strings.Contains(err.Error(), "want a smaller one") {
			t.Errorf("%s: error %v, want that it is too large", name, err)
		}
	}
}
