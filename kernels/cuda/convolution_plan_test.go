//go:build !nocuda

package cuda

import (
	"fmt"
	"testing"

	"resnet/gpu"
	"resnet/gpu/gputest"
)

// planned are sizes with different plans in every respect: tiles of one image and of many, weights that stay in shared
// memory and that go round in a ring, several tiles per block, operands of every kind.
var planned = []Convolution{
	{N: 4, H: 5, W: 7, In: 64, Out: 128, Kernel: 3, Operand: Operand{Kind: Normalized, ReLU: true}},
	{N: 30, H: 3, W: 5, In: 32, Out: 32, Kernel: 1, Operand: Operand{Kind: NormGradient}},
	{N: 3, H: 5, W: 7, In: 48, Out: 16, Kernel: 3, Operand: Operand{Kind: NormGradient}},
	{N: 5, H: 5, W: 7, In: 16, Out: 16, Kernel: 1, Operand: Operand{Kind: Plain}},
}

// Every plan computes the same y bit by bit, sums within tolerance, and the same sums in a second launch. With rows
// ahead, y is also the same if one block computes all tiles.
func TestConvolutionPlans(t *testing.T) {
	gputest.NeedTime(t, "others test these kernels")
	for _, dt := range dtypes {
		for i, c := range planned {
			for _, end := range []ending{endings[1], endings[5]} {
				t.Run(fmt.Sprintf("%s/%d/%s", name(dt), i, end.name), func(t *testing.T) {
					g := onGPU(t)
					v := g.convolution(dt, c, c.Operand, end)
					plans := g.k.convolutionPlans(dt, &v.c)
					if len(plans) < 6 {
						t.Fatalf("%d plans", len(plans))
					}
					var first []float64
					for _, p := range plans {
						v.reset()
						y, norm := v.run(p)
						v.check(y, norm)
						if first == nil {
							first = y
						}
						g.equal(fmt.Sprintf("%s: y by plan %+v", v.what, p), y, first)
						v.reset()
						_, again := v.run(p)
						g.equal(fmt.Sprintf("%s: norm again by plan %+v", v.what, p), again, norm)
						if p.ahead {
							p.grid.X = 1
							y, _ = v.run(p)
							g.equal(fmt.Sprintf("%s: y of one block by plan %+v", v.what, p), y, first)
						}
					}
				})
			}
		}
	}
}

// Plans fit the device, and have no idle block.
func TestConvolutionPlan(t *testing.T) {
	const h200 = 227 << 10
	for _, blocks := range []int{8, 132 * 8} {
		k := &Kernels{tensor: true, blocks: blocks, shared: h200}
		for _, dt := range dtypes {
			for _, n := range []int{1, 32, 1000} {
				for _, c := range []Convolution{
					{N: n, H: 14, W: 14, In: 16, Out: 16, Kernel: 1}, {N: n, H: 14, W: 14, In: 64, Out: 128, Kernel: 3},
					{N: n, H: 56, W: 56, In: 128, Out: 64, Kernel: 3}, {N: n, H: 7, W: 7, In: 256, Out: 512, Kernel: 1},
				} {
					plans := k.convolutionPlans(dt, &c)
					if len(plans) == 0 {
						t.Errorf("%s %+v: no plan", name(dt), c)
					}
					for _, p := range plans {
						tiles := ceilDiv(c.rows(), p.rows())
						if p.shared+staticShared > h200 || p.grid.X < 1 || p.grid.Y*p.channels != c.Out ||
							p.threads() < c.In/lanes(dt) || p.threads() > 256 || p.slots > c.Kernel*c.Kernel ||
							p.ahead != (p.raw > 0) || p.rounds != ceilDiv(tiles, p.grid.X) {
							t.Errorf("%s %+v: %+v", name(dt), c, p)
						}
						if want := ceilDiv(tiles, ceilDiv(tiles, p.grid.X)); p.grid.X != want {
							t.Errorf("%s %+v: %d blocks share %d tiles, want %d", name(dt), c, p.grid.X, tiles, want)
						}
					}
				}
			}
		}
	}
}

func TestConvolutionFits(t *testing.T) {
	k := &Kernels{tensor: true, blocks: 8, shared: 227 << 10}
	for _, c := range []struct {
		t                  gpu.DataType
		in, out, kernel, w int
		fits               bool
	}{
		{gpu.Float32, 64, 128, 3, 14, true},
		{gpu.Float32, 64, 128, 5, 14, false}, // kernel
		{gpu.BFloat16, 1, 16, 3, 28, false},  // channels
		{gpu.BFloat16, 16, 24, 3, 28, false}, // channels
		{gpu.BFloat16, 1024, 32, 1, 7, true},
		{gpu.Float32, 2048, 16, 1, 7, false},    // more of a row than threads
		{gpu.Float32, 512, 512, 3, 4000, false}, // shared memory
	} {
		if got := k.ConvolutionFits(c.t, c.in, c.out, c.kernel, c.w, c.w); got != c.fits {
			t.Errorf("%s %+v: fits is %t, want %t", name(c.t), c, got, c.fits)
		}
	}
	k.tensor = false
	if k.ConvolutionFits(gpu.Float32, 64, 128, 3, 14, 14) {
		t.Error("fits a device without tensor cores")
	}
}

// Contradictory convolutions are refused.
func TestConvolutionRefuses(t *testing.T) {
	k := &Kernels{tensor: true, blocks: 8, shared: 227 << 10}
	for _, test := range []struct {
		change func(c *Convolution)
		want   string
	}{
		{func(c *Convolution) { c.Kernel = 2 }, "kernel 2x2, want 1x1 or 3x3"},
		{func(c *Convolution) { c.In = 17 }, "17 channels to 32, want multiples of 16"},
		{func(c *Convolution) { c.Join, c.Add = &NormGradientTerm{}, 32 },
			"Join together with Add, ReLU, Stats or Grad"},
		{func(c *Convolution) { c.Grad, c.ReLU = &NormBackward{}, true }, "Grad together with ReLU or Stats"},
		{func(c *Convolution) { c.Stats = &NormForward{} }, "sums but no scratch: want ConvolutionScratch bytes"},
		{func(c *Convolution) { c.Operand.Kind = 3 }, "operand of kind 3, want Plain, Normalized or NormGradient"},
		{func(c *Convolution) { c.Operand = Operand{Kind: NormGradient, X: 16, Norm: 16} },
			"operand of kind 2 with X 0x10, Norm 0x10, Input 0x0: one that it reads is missing"},
		{func(c *Convolution) { c.Y = 8 }, "tensor 5 of 8 is at 0x8, want a multiple of 16"},
	} {
		c := Convolution{N: 1, H: 4, W: 4, In: 16, Out: 32, Kernel: 3, Operand: Operand{X: 16}, Weight: 16, Y: 16}
		test.change(&c)
		want := "cuda: convolution: " + test.want
		if err := k.Convolution(nil, gpu.Float32, &c); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// Nothing is launched for a batch without images.
func TestConvolutionOfNothing(t *testing.T) {
	c := Convolution{H: 4, W: 4, In: 16, Out: 16, Kernel: 1, Operand: Operand{X: 16}, Weight: 16, Y: 16}
	if err := (&Kernels{}).Convolution(nil, gpu.Float32, &c); err != nil {
		t.Error(err)
	}
}

// Plans have unique names, by which a launch selects them.
func TestConvolutionPlanNames(t *testing.T) {
	k := &Kernels{tensor: true, blocks: 132 * 8, shared: 227 << 10}
	c := Convolution{N: 32, H: 14, W: 14, In: 64, Out: 128, Kernel: 3}
	names := k.ConvolutionPlans(gpu.BFloat16, &c, 100)
	seen := map[string]bool{}
	for _, n := range names {
		c.Plan = n
		if p, err := k.planConvolution(gpu.BFloat16, &c); err != nil || p.String() != n || seen[n] {
			t.Errorf("plan %q: %v, error %v, want one of this name", n, p, err)
		}
		seen[n] = true
	}
	c.Plan = ""
	if p, err := k.planConvolution(gpu.BFloat16, &c); err != nil || p.String() != names[0] {
		t.Errorf("plan %v, error %v; want the first, %q", p, err, names[0])
	}
	if few := k.ConvolutionPlans(gpu.BFloat16, &c, 2); len(few) != 2 {
		t.Errorf("%d plans, want 2", len(few))
	}
	c.Plan = "another"
	if _, err := k.planConvolution(gpu.BFloat16, &c); err == nil {
		t.Error("an unknown plan was taken")
	}
}

// Rows ahead are for blocks of several tiles. ConvolutionPlans names no plan with useless rows ahead, but a plan that
// was chosen for a large batch is also valid for a small one.
func TestConvolutionPlanAhead(t *testing.T) {
	k := &Kernels{tensor: true, blocks: 132 * 8, shared: 227 << 10}
	large := Convolution{N: 1024, H: 14, W: 14, In: 32, Out: 64, Kernel: 3}
	small := large
	small.N = 1
	ahead := 0
	for _, name := range k.ConvolutionPlans(gpu.BFloat16, &large, 100) {
		large.Plan, small.Plan = name, name
		p, err := k.planConvolution(gpu.BFloat16, &large)
		if err != nil || p.hasNothingAhead() {
			t.Errorf("plan %q: %+v, error %v", name, p, err)
		}
		if p.ahead {
			ahead++
		}
		if _, err := k.planConvolution(gpu.BFloat16, &small); err != nil {
			t.Errorf("plan %q for a batch of one: %v", name, err)
		}
	}
	if ahead == 0 {
		t.Error("no plan has rows ahead")
	}
	small.Plan = ""
	for _, name := range k.ConvolutionPlans(gpu.BFloat16, &small, 100) {
		small.Plan = name
		if p, err := k.planConvolution(gpu.BFloat16, &small); err != nil || p.ahead && p.rounds == 1 {
			t.Errorf("plan %q of a batch of one: %+v, error %v", name, p, err)
		}
	}
}
