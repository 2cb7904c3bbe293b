//go:build !nocuda

package cuda

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"resnet/gpu"
	"resnet/gpu/gputest"
)

// weightGradients have a single pixel, images smaller than the window, less than a chunk of pixels, and channels for
// less than one tile and for several.
var weightGradients = []WeightGradient{
	{N: 1, H: 1, W: 1, In: 16, Out: 16, Kernel: 1},
	{N: 1, H: 1, W: 1, In: 16, Out: 32, Kernel: 3},
	{N: 7, H: 3, W: 3, In: 48, Out: 80, Kernel: 3},
	{N: 5, H: 5, W: 7, In: 48, Out: 80, Kernel: 1},
	{N: 2, H: 14, W: 14, In: 16, Out: 32, Kernel: 3},
	{N: 1, H: 14, W: 14, In: 32, Out: 64, Kernel: 3},
	{N: 3, H: 5, W: 7, In: 64, Out: 128, Kernel: 3},
	{N: 1, H: 3, W: 40, In: 16, Out: 16, Kernel: 3},
	{N: 2, H: 14, W: 14, In: 16, Out: 16, Kernel: 1},
	{N: 1, H: 14, W: 14, In: 64, Out: 32, Kernel: 1},
	{N: 1, H: 14, W: 14, In: 128, Out: 64, Kernel: 1},
}

// weightTest is a weight gradient on the device, with its expected result.
type weightTest struct {
	*rig
	what            string
	dt              gpu.DataType
	w               WeightGradient
	dw, scratch     *tensor
	want, tolerance []float64
}

// weightGradient makes a test of sizes w with random matrices.
func (g *rig) weightGradient(dt gpu.DataType, w WeightGradient, operand, gradient Operand) *weightTest {
	g.Helper()
	t := &weightTest{rig: g, dt: dt, w: w, dw: g.fresh(f32, w.weights())}
	t.what = fmt.Sprintf("%s %d of %dx%d, %d channels to %d, kernel %d, operand kind %d relu %t, gradient kind %d",
		name(dt), w.N, w.H, w.W, w.In, w.Out, w.Kernel, operand.Kind, operand.ReLU, gradient.Kind)
	matrix := func(o Operand, c int) (Operand, []float64) {
		m := &convolutionTest{rig: g, dt: dt, c: Convolution{Operand: o}}
		values := m.operand(w.rows(), c)
		return m.c.Operand, values
	}
	var x, gradients []float64
	t.w.Operand, x = matrix(operand, w.In)
	t.w.Gradient, gradients = matrix(gradient, w.Out)
	t.w.DW = t.dw.Ptr
	t.want, t.tolerance = w.reference(x, gradients)
	return t
}

// reference computes dw in float64, and its tolerance: each addition rounds, in hardware perhaps towards 0, and so does
// the sum.
func (w *WeightGradient) reference(x, g []float64) (dw, tolerance []float64) {
	dw, tolerance = make([]float64, w.weights()), make([]float64, w.weights())
	pad := w.Kernel / 2
	for p := range w.rows() {
		py, px := p/w.W%w.H, p%w.W
		for tap := range w.taps() {
			dy, dx := tap/w.Kernel-pad, tap%w.Kernel-pad
			if py+dy < 0 || py+dy >= w.H || px+dx < 0 || px+dx >= w.W {
				continue
			}
			from := x[(p+dy*w.W+dx)*w.In:][:w.In]
			for o, gradient := range g[p*w.Out:][:w.Out] {
				at := (o*w.taps() + tap) * w.In
				for i, v := range from {
					dw[at+i] += gradient * v
					tolerance[at+i] += math.Abs(gradient * v)
				}
			}
		}
	}
	for i := range tolerance {
		tolerance[i] *= float64(w.rows()+1) * 0x1p-23
	}
	return dw, tolerance
}

// scratchFor allocates the scratch of a plan.
func (t *weightTest) scratchFor(p weightPlan) {
	t.Helper()
	if t.scratch = nil; p.splits > 1 {
		t.scratch = t.fresh(f32, p.splits*t.w.weights())
		t.w.Scratch = t.scratch.Ptr
	}
}

// check compares dw with the reference.
func (t *weightTest) check() {
	t.Helper()
	if t.scratch != nil {
		t.scratch.get() // checks its guard zones
	}
	t.near(t.what, t.dw.get(), t.want, func(i int) float64 { return t.tolerance[i] })
}

// All sizes with all kinds of operand and gradient; a second launch has the same result.
func TestWeightGradient(t *testing.T) {
	for _, dt := range dtypes {
		for i, w := range pick(weightGradients, weightGradients[2], weightGradients[3]) {
			t.Run(fmt.Sprintf("%s/%d", name(dt), i), func(t *testing.T) {
				g := onGPU(t)
				g.k.blocks = 40 // five multiprocessors
				for _, operand := range []Operand{{Kind: Plain}, {Kind: Normalized}, {Kind: Normalized, ReLU: true}} {
					for _, kind := range []OperandKind{Plain, NormGradient} {
						v := g.weightGradient(dt, w, operand, Operand{Kind: kind})
						plan, err := g.k.planWeightGradient(dt, &v.w)
						g.ok(err)
						v.scratchFor(plan)
						g.ok(g.k.WeightGradient(g.s, dt, &v.w))
						v.check()
						once := v.dw.get()
						g.ok(g.k.WeightGradient(g.s, dt, &v.w))
						g.equal(v.what+" again", v.dw.get(), once)
					}
				}
			})
		}
	}
}

// Every plan computes the same gradient, except for the order of sums.
func TestWeightGradientPlans(t *testing.T) {
	gputest.NeedTime(t, "others test these kernels")
	for _, dt := range dtypes {
		for _, kernel := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", name(dt), kernel), func(t *testing.T) {
				g := onGPU(t)
				g.k.blocks = 160
				w := WeightGradient{N: 3, H: 6, W: 5, In: 48, Out: 80, Kernel: kernel}
				v := g.weightGradient(dt, w, Operand{Kind: Normalized}, Operand{Kind: NormGradient})
				plans := slices.Collect(g.k.weightPlans(dt, &v.w))
				if len(plans) < 10 {
					t.Fatalf("%d plans, want at least 10", len(plans))
				}
				for _, p := range plans {
					v.scratchFor(p)
					g.ok(g.k.runWeightTasks(g.s, dt, WeightTasks{{&v.w, p}}))
					g.ok(g.k.sumWeightTasks(g.s, WeightTasks{{&v.w, p}}))
					v.check()
				}
			})
		}
	}
}

// One launch computes the four convolutions of a residual block, in each room.
func TestWeightGradients(t *testing.T) {
	for _, dt := range dtypes {
		blocks := map[WeightRoom]int{}
		for _, room := range []WeightRoom{AllRoom, HalfOfEach, HalfOfDevice} {
			t.Run(fmt.Sprintf("%s/%d", name(dt), room), func(t *testing.T) { blocks[room] = testRoom(t, dt, room) })
		}
		if blocks[HalfOfEach] >= blocks[AllRoom] || blocks[HalfOfDevice] >= blocks[HalfOfEach] {
			t.Errorf("%s: blocks %v, want fewer in less room", name(dt), blocks)
		}
	}
}

// testRoom computes weight gradients in a room and returns how many blocks the launch has.
func testRoom(t *testing.T, dt gpu.DataType, room WeightRoom) (blocks int) {
	g := onGPU(t)
	g.k.blocks = 160
	var tests []*weightTest
	var list []*WeightGradient
	for _, w := range []WeightGradient{
		{N: 3, H: 7, W: 7, In: 64, Out: 32, Kernel: 1},
		{N: 3, H: 7, W: 7, In: 32, Out: 64, Kernel: 3},
		{N: 3, H: 7, W: 7, In: 16, Out: 32, Kernel: 1},
		{N: 3, H: 7, W: 7, In: 16, Out: 32, Kernel: 1},
	} {
		w.Room = room
		tests = append(tests, g.weightGradient(dt, w, Operand{Kind: Normalized, ReLU: true},
			Operand{Kind: NormGradient}))
		list = append(list, &tests[len(tests)-1].w)
	}
	g.ok(g.k.ShareWeightGradients(dt, list))
	for _, v := range tests {
		plan, err := g.k.planWeightGradient(dt, &v.w)
		g.ok(err)
		blocks += plan.blocks()
		v.scratchFor(plan)
	}
	if blocks > g.k.weightBlocks(room)+len(list) {
		t.Errorf("%d blocks, want about %d", blocks, g.k.weightBlocks(room))
	}
	g.ok(g.k.WeightGradients(g.s, dt, list))
	g.ok(g.k.WeightGradientSums(g.s, dt, list))
	for _, v := range tests {
		v.check()
	}
	list = append(list, list[0])
	if err := g.k.WeightGradients(g.s, dt, list); err == nil {
		t.Error("five convolutions are taken")
	}
	return blocks
}

func TestWeightGradientRefuses(t *testing.T) {
	g := onGPU(t)
	sizes := WeightGradient{N: 1, H: 3, W: 3, In: 16, Out: 16, Kernel: 3}
	v := g.weightGradient(gpu.Float32, sizes, Operand{}, Operand{})
	for what, spoil := range map[string]func(w *WeightGradient){
		"kernel 2":   func(w *WeightGradient) { w.Kernel = 2 },
		"8 inputs":   func(w *WeightGradient) { w.In = 8 },
		"no outputs": func(w *WeightGradient) { w.Out = 0 },
		"a normalized g": func(w *WeightGradient) {
			w.Gradient = Operand{Kind: Normalized, X: w.DW, Norm: w.DW}
		},
		"a gradient as x": func(w *WeightGradient) {
			w.Operand = Operand{Kind: NormGradient, X: w.DW, Input: w.DW, Norm: w.DW}
		},
		"an x off 16 bytes":         func(w *WeightGradient) { w.Operand.X++ },
		"no gradient":               func(w *WeightGradient) { w.Gradient.X = 0 },
		"no scratch":                func(w *WeightGradient) { w.N, w.H, w.W = 100, 14, 14 },
		"images past shared memory": func(w *WeightGradient) { w.W = 1 << 20 },
	} {
		w := v.w
		spoil(&w)
		if err := g.k.WeightGradient(g.s, gpu.Float32, &w); err == nil {
			t.Errorf("%s: %+v is taken", what, w)
		}
	}
	fits := func(in int) bool { return g.k.WeightGradientFits(gpu.BFloat16, in, 128, 3, 14, 14) }
	if !fits(64) || fits(60) {
		t.Error("WeightGradientFits: want 64 inputs to fit, 60 not to")
	}
	if got := g.k.WeightGradientScratch(gpu.Float32, &v.w); got != 0 {
		t.Errorf("scratch of one split is %d bytes, want 0", got)
	}
	many := v.w
	many.N, many.Scratch = 100, many.DW
	list := slices.Repeat([]*WeightGradient{&many}, splitSums+1)
	if err := g.k.WeightGradientSums(g.s, gpu.Float32, list); err == nil {
		t.Errorf("sums of %d convolutions are taken", len(list))
	}
	empty := v.w
	empty.N = 0
	g.ok(g.k.WeightGradient(g.s, gpu.Float32, &empty))
}
