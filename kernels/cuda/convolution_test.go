//go:build !nocuda

package cuda

import (
	"fmt"
	"math"
	"testing"

	"resnet/gpu"
)

// convolutions have a single pixel, images smaller than the window, tiles across images and beyond the last row, and
// numbers of channels for every width of tile, for several tiles and for the smallest width only.
var convolutions = []Convolution{
	{N: 1, H: 1, W: 1, In: 16, Out: 16, Kernel: 1},
	{N: 1, H: 1, W: 1, In: 16, Out: 32, Kernel: 3},
	{N: 5, H: 3, W: 3, In: 48, Out: 48, Kernel: 3},
	{N: 3, H: 5, W: 7, In: 32, Out: 16, Kernel: 1},
	{N: 3, H: 5, W: 7, In: 16, Out: 64, Kernel: 3},
	{N: 2, H: 14, W: 14, In: 16, Out: 32, Kernel: 3},
	{N: 2, H: 14, W: 14, In: 32, Out: 64, Kernel: 1},
	{N: 1, H: 5, W: 7, In: 64, Out: 128, Kernel: 3},
	{N: 1, H: 7, W: 2, In: 128, Out: 64, Kernel: 3},
	{N: 3, H: 5, W: 7, In: 128, Out: 256, Kernel: 1},
	{N: 9, H: 14, W: 14, In: 16, Out: 16, Kernel: 1},
}

// ending says which operations follow the product of a convolution.
type ending struct {
	name                                         string
	add, relu, stats, grad, gradReLU, join, mask bool
}

var endings = []ending{
	{name: "nothing"},
	{name: "stats", stats: true},
	{name: "add relu stats", add: true, relu: true, stats: true},
	{name: "add mask", add: true, mask: true},
	{name: "grad", grad: true},
	{name: "grad relu", grad: true, gradReLU: true},
	{name: "add grad relu mask", add: true, grad: true, gradReLU: true, mask: true},
	{name: "join", join: true},
	{name: "join mask", join: true, mask: true},
}

var operands = []Operand{{Kind: Plain}, {Kind: Normalized}, {Kind: Normalized, ReLU: true}, {Kind: NormGradient}}

// normState makes a random state of a norm of c channels.
func (g *rig) normState(c int) []float64 {
	v := g.random(gpu.Float32, NormRows*c)
	for j := range c {
		v[3*c+j] = math.Abs(v[3*c+j]) + 0.5 // invstd
	}
	return v
}

// throughNorm is fmaf(x, scale, shift) of element i of a matrix with c channels.
func throughNorm(norm, x []float64, c, i int) float64 {
	return float64(float32(math.FMA(x[i], norm[i%c], norm[c+i%c])))
}

// gradientThroughNorm is fmaf(g, a, fmaf(x-mean, b, k)).
func gradientThroughNorm(norm, g, x []float64, c, i int) float64 {
	j := i % c
	d := float64(float32(x[i] - norm[2*c+j]))
	rest := float64(float32(math.FMA(d, norm[5*c+j], norm[6*c+j])))
	return float64(float32(math.FMA(g[i], norm[4*c+j], rest)))
}

// factor is v, rounded to what the tensor cores multiply.
func factor(t gpu.DataType, v float64) float64 {
	if t != gpu.Float32 {
		return round(t, v)
	}
	bits := math.Float32bits(float32(v))
	if !(math.Abs(v) <= math.MaxFloat32) {
		return v
	}
	return float64(math.Float32frombits((bits + 0x1000) &^ 0x1fff)) // to nearest, ties away from zero
}

// convolutionTest is a convolution on the device, with its expected result.
type convolutionTest struct {
	*rig
	what                  string
	dt                    gpu.DataType
	c                     Convolution
	end                   ending
	y, norm, term         *tensor // term is Add or Join's G
	want, tolerance       []float64
	input                 []float64 // of Grad and Join
	before                []float64 // running statistics, mean then variance
	weight, bias, running *tensor   // of the batch norm
	dweight, dbias        *tensor
}

// convolution makes a test of sizes c with random operands.
func (g *rig) convolution(dt gpu.DataType, c Convolution, operand Operand, end ending) *convolutionTest {
	g.Helper()
	t := &convolutionTest{rig: g, dt: dt, c: c, end: end}
	t.what = fmt.Sprintf("%s %d of %dx%d, %d channels to %d, kernel %d, operand kind %d relu %t, %s",
		name(dt), c.N, c.H, c.W, c.In, c.Out, c.Kernel, operand.Kind, operand.ReLU, end.name)
	t.c.Operand = operand
	factors := t.operand(c.rows(), c.In)
	taps := c.Kernel * c.Kernel
	weight := g.random(dt, c.Out*taps*c.In)
	for i := range weight {
		weight[i] = factor(dt, weight[i])
	}
	t.c.Weight = g.put(of(dt), weight).Ptr
	product, size := t.c.reference(factors, weight)
	t.tolerance = make([]float64, len(product))
	for i, p := range product {
		// Each addition rounds, in hardware perhaps towards 0; then the sum is rounded to the type.
		t.tolerance[i] = float64(taps*c.In)*0x1p-23*size[i] + unit(dt)*math.Abs(p) + tiny(dt)
	}
	t.ending(product)
	return t
}

// operand makes the matrices of the operand, and returns the values that are multiplied.
func (t *convolutionTest) operand(rows, c int) []float64 {
	o := &t.c.Operand
	x, input, norm := t.random(t.dt, rows*c), t.random(t.dt, rows*c), t.normState(c)
	o.X = t.put(of(t.dt), x).Ptr
	if o.Kind != Plain {
		o.Norm = t.put(f32, norm).Ptr
	}
	if o.Kind == NormGradient {
		o.Input = t.put(of(t.dt), input).Ptr
	}
	v := make([]float64, rows*c)
	for i := range v {
		switch o.Kind {
		case Plain:
			v[i] = x[i]
		case Normalized:
			if v[i] = throughNorm(norm, x, c, i); o.ReLU {
				v[i] = positive(v[i])
			}
		case NormGradient:
			v[i] = gradientThroughNorm(norm, x, input, c, i)
		}
		v[i] = factor(t.dt, v[i])
	}
	return v
}

// reference is the product of x and w, and the sum of the absolute values of its terms.
func (c *Convolution) reference(x, w []float64) (y, size []float64) {
	y, size = make([]float64, c.rows()*c.Out), make([]float64, c.rows()*c.Out)
	pad := c.Kernel / 2
	for i := range y {
		p, o := i/c.Out, i%c.Out
		py, px := p/c.W%c.H, p%c.W
		for tap := range c.Kernel * c.Kernel {
			dy, dx := tap/c.Kernel-pad, tap%c.Kernel-pad
			if py+dy < 0 || py+dy >= c.H || px+dx < 0 || px+dx >= c.W {
				continue
			}
			from, weight := x[(p+dy*c.W+dx)*c.In:][:c.In], w[(o*c.Kernel*c.Kernel+tap)*c.In:]
			for j, v := range from {
				y[i] += v * weight[j]
				size[i] += math.Abs(v * weight[j])
			}
		}
	}
	return y, size
}

// ending makes the tensors of the operations after the product, and computes want.
func (t *convolutionTest) ending(product []float64) {
	n, c, end := len(product), t.c.Out, t.end
	t.want = product
	t.y = t.fresh(of(t.dt), n)
	t.c.Y, t.c.ReLU = t.y.Ptr, end.relu
	norm := t.normState(c)
	vector := func() *tensor { return t.put(f32, t.random(gpu.Float32, c)) }
	t.weight, t.bias, t.dweight, t.dbias = vector(), vector(), t.fresh(f32, c), t.fresh(f32, c)
	t.norm, t.input = t.put(f32, norm), t.random(t.dt, n)
	add, g, mask := t.random(t.dt, n), t.random(t.dt, n), t.random(t.dt, n)
	if end.add {
		t.term = t.put(of(t.dt), add)
		t.c.Add = t.term.Ptr
	}
	if end.mask {
		t.c.Mask = t.put(of(t.dt), mask).Ptr
	}
	if end.stats {
		t.before = t.random(gpu.Float32, 2*c)
		t.running = t.fresh(f32, 2*c)
		t.reset()
		t.c.Stats = &NormForward{Norm: t.norm.Ptr, Weight: t.weight.Ptr, Bias: t.bias.Ptr, RunningMean: t.running.Ptr,
			RunningVar: t.running.Add(int64(4 * c)), Eps: bnEps, Momentum: bnMomentum}
	}
	if end.grad {
		t.c.Grad = &NormBackward{Norm: t.norm.Ptr, Weight: t.weight.Ptr, DWeight: t.dweight.Ptr, DBias: t.dbias.Ptr,
			ReLU: end.gradReLU, Input: t.put(of(t.dt), t.input).Ptr}
	}
	if end.join {
		t.term = t.put(of(t.dt), g)
		t.c.Join = &NormGradientTerm{G: t.term.Ptr, Input: t.put(of(t.dt), t.input).Ptr, Norm: t.norm.Ptr}
	}
	for i := range t.want {
		v := &t.want[i]
		if end.add {
			*v += add[i]
		}
		if end.join {
			*v += gradientThroughNorm(norm, g, t.input, c, i)
		}
		if end.relu {
			*v = positive(*v)
		}
		if end.gradReLU {
			*v = masked(*v, throughNorm(norm, t.input, c, i))
		}
		if end.mask {
			*v = masked(*v, mask[i])
		}
		t.tolerance[i] += 0x1p-23 + unit(t.dt)*math.Abs(*v) + tiny(t.dt) // added in float32, all below 4; rounded
	}
}

// reset restores the running statistics.
func (t *convolutionTest) reset() {
	if t.running == nil {
		return
	}
	data := make([]byte, 4*len(t.before))
	for i, v := range t.before {
		f32.put(data[4*i:], v)
	}
	t.copyIn(t.running.Ptr, data)
}

// run launches the convolution with a plan, and returns y and the norm's state. The counter in scratch must be 0 again.
func (t *convolutionTest) run(p convolutionPlan) (y, norm []float64) {
	t.Helper()
	scratch := t.zeros(u8, int(p.scratch(&t.c)))
	t.c.Scratch = scratch.Ptr
	t.ok(t.k.launchConvolution(t.s, t.dt, ConvolutionLaunch{&t.c, p}))
	for i, b := range scratch.get()[:doneBytes] {
		if b != 0 {
			t.Fatalf("%s: byte %d of the counter is %v after the launch", t.what, i, b)
		}
	}
	return t.y.get(), t.norm.get()
}

// check compares y with the reference, and the norm's state with one computed from y.
func (t *convolutionTest) check(y, norm []float64) {
	t.Helper()
	t.near(t.what, y, t.want, func(i int) float64 { return t.tolerance[i] })
	if t.end.stats {
		t.checkStats(y, norm)
	}
	if t.end.grad {
		t.checkGrad(y, norm)
	}
}

// All sizes with all endings, and the operands in turn.
func TestConvolution(t *testing.T) {
	for _, dt := range dtypes {
		for i, c := range pick(convolutions, convolutions[2], convolutions[3]) {
			t.Run(fmt.Sprintf("%s/%d", name(dt), i), func(t *testing.T) {
				g := onGPU(t)
				for j, end := range endings {
					v := g.convolution(dt, c, operands[(i+j)%len(operands)], end)
					plan, err := g.k.planConvolution(dt, &v.c)
					g.ok(err)
					v.check(v.run(plan))
				}
			})
		}
	}
}

// Y may be Add, or G of Join.
func TestConvolutionInPlace(t *testing.T) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, end := range []ending{endings[2], endings[8]} {
			v := g.convolution(dt, convolutions[5], operands[2], end)
			plan, err := g.k.planConvolution(dt, &v.c)
			g.ok(err)
			y, _ := v.run(plan)
			v.c.Y = v.term.Ptr
			v.run(plan)
			g.equal(v.what+" in place", v.term.get(), y)
		}
	}
}
