//go:build !nocuda

package cuda

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"resnet/gpu"
)

// The rows of a norm's state.
const (
	rowScale = iota
	rowShift
	rowMean
	rowInvstd
	rowA
	rowB
	rowK
)

// norm is a norm's state and its vectors per channel on the device.
type norm struct {
	c                                                            int
	state, weight, bias, runningMean, runningVar, dweight, dbias *tensor
}

func (g *rig) norm(c int) norm {
	random := func() *tensor { return g.put(f32, g.random(gpu.Float32, c)) }
	return norm{c, g.fresh(f32, 8*c), random(), random(), random(), random(), g.fresh(f32, c), g.fresh(f32, c)}
}

func (n norm) forward() NormForward {
	return NormForward{Norm: n.state.Ptr, Weight: n.weight.Ptr, Bias: n.bias.Ptr, RunningMean: n.runningMean.Ptr,
		RunningVar: n.runningVar.Ptr, Eps: bnEps, Momentum: bnMomentum}
}

func (n norm) backward(input gpu.Ptr, relu bool) NormBackward {
	return NormBackward{Norm: n.state.Ptr, Weight: n.weight.Ptr, DWeight: n.dweight.Ptr, DBias: n.dbias.Ptr, ReLU: relu,
		Input: input}
}

// row is a row of the state.
func (n norm) row(i int) []float64 { return n.state.get()[i*n.c : (i+1)*n.c] }

// put sets rows of the state, from that one on.
func (n norm) put(from int, rows ...[]float64) {
	for i, row := range rows {
		data := make([]byte, 4*n.c)
		for j, v := range row {
			f32.put(data[4*j:], v)
		}
		n.state.g.copyIn(n.state.Add(int64(4*n.c*(from+i))), data)
	}
}

// check compares the state and the running statistics with those of x, rows x c. `steps` bounds the roundings of each
// summed value, relative to the largest distance of a value from its channel's mean.
func (n norm) check(g *rig, what string, x []float64, rows int, steps float64, runningMean, runningVar []float64) {
	g.Helper()
	const u = 0x1p-24
	c := n.c
	mean, variance, spread := moments(x, rows, c)
	invstd, wantMean, wantVar := normalised(mean, variance, rows, runningMean, runningVar)
	// The mean of each part is rounded, and so is the mean of all. An error d of the mean adds d² to the variance, and
	// errors d of the parts' means add at most 2*d*deviation (Cauchy and Schwarz).
	meanTol := func(j int) float64 { return u * (2*math.Abs(mean[j]) + steps*spread[j]) }
	varTol := func(j int) float64 {
		return 2*steps*u*variance[j] + 2*u*math.Abs(mean[j])*math.Sqrt(variance[j]) + meanTol(j)*meanTol(j)
	}
	weight, bias, scale, shift := n.weight.get(), n.bias.get(), n.row(rowScale), n.row(rowShift)
	saveInvstd := n.row(rowInvstd)
	g.near(what+" mean", n.row(rowMean), mean, meanTol)
	g.near(what+" invstd", saveInvstd, invstd, func(j int) float64 {
		return invstd[j] * (2*u + varTol(j)/(variance[j]+bnEps))
	})
	g.near(what+" running_mean", n.runningMean.get(), wantMean, func(j int) float64 {
		return u*math.Abs(wantMean[j]) + meanTol(j)
	})
	g.near(what+" running_var", n.runningVar.get(), wantVar, func(j int) float64 {
		return u*math.Abs(wantVar[j]) + 2*varTol(j)
	})
	for j := range c {
		// Both are computed from the unrounded statistics.
		if want := weight[j] * saveInvstd[j]; math.Abs(scale[j]-want) > 3*u*math.Abs(want) {
			g.Fatalf("%s: scale %d is %v, want %v", what, j, scale[j], want)
		}
		want := bias[j] - mean[j]*scale[j]
		tol := 3*u*math.Abs(want) + (meanTol(j)+u*math.Abs(mean[j]))*math.Abs(scale[j])
		if math.Abs(shift[j]-want) > tol {
			g.Fatalf("%s: shift %d is %v, want %v", what, j, shift[j], want)
		}
	}
}

// eachNorm runs f for all types; for channels that fill one warp or several, or leave a partial one; and for rows in
// one chunk or many.
func eachNorm(t *testing.T, f func(g *rig, what string, dt gpu.DataType, rows, c int)) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, c := range pick([]int{8, 16, 24, 48, 64, 136, 264}, 24, 136) {
			for _, rows := range pick([]int{1, 2, 65, 600, 1300}, 65) {
				f(g, fmt.Sprintf("%s rows=%d c=%d", name(dt), rows, c), dt, rows, c)
			}
		}
	}
}

func TestNormStatistics(t *testing.T) {
	eachNorm(t, func(g *rig, what string, dt gpu.DataType, rows, c int) {
		for _, kind := range []struct {
			name string
			at   func(i int) float64
		}{
			{"random", func(int) float64 { return 2*g.r.Float64() - 1 }},
			{"far from 0", func(int) float64 { return 3000 + g.r.NormFloat64() }},
			{"after a far first row", func(i int) float64 {
				if i < c {
					return 0
				}
				return 3000 + g.r.NormFloat64()
			}},
			{"constant", func(int) float64 { return 0.75 }},
		} {
			x := make([]float64, rows*c)
			for i := range x {
				x[i] = round(dt, kind.at(i))
			}
			n := g.norm(c)
			tx, scratch := g.put(of(dt), x), g.zeros(u8, int(NormScratch(rows, c)))
			before, beforeVar := n.runningMean.get(), n.runningVar.get()
			g.ok(g.k.NormStatistics(g.s, dt, tx.Ptr, n.forward(), rows, c, scratch.Ptr))
			n.check(g, what+" "+kind.name, x, rows, 2*additions(dt, rows, c), before, beforeVar)
			first := [][]float64{n.row(rowScale), n.row(rowShift), n.row(rowMean), n.row(rowInvstd)}
			g.ok(g.k.NormStatistics(g.s, dt, tx.Ptr, n.forward(), rows, c, scratch.Ptr))
			for i, row := range first {
				g.equal(fmt.Sprintf("%s %s: row %d again", what, kind.name, i), n.row(i), row)
			}
			g.equal(what+" counter", scratch.get()[:4], []float64{0, 0, 0, 0})
		}
	})
}

// normReduce launches norm_reduce of testing.cu, which masks dy, rows x c, if f.ReLU is set, stores it to dst, and
// computes the gradients of f from its sums. scratch is as for NormStatistics.
func (g *rig) normReduce(t gpu.DataType, dst, dy gpu.Ptr, f NormBackward, rows, c int, scratch gpu.Ptr) {
	g.Helper()
	grid, block, size := reduction(t, rows, c)
	var args gpu.Args
	args.Ptr(dst)
	args.Ptr(dy)
	f.push(&args)
	args.Ptr(scratch.Add(doneBytes))
	args.Ptr(scratch)
	for _, n := range [...]int{rows, c, size} {
		args.Uint32(uint32(n))
	}
	g.launchTesting("norm_reduce", t, grid, block, 0, &args)
}

// finish_backward makes the gradients of a lazy batch norm from sums over rows.
func TestNormReduce(t *testing.T) {
	const u = 0x1p-24
	eachNorm(t, func(g *rig, what string, dt gpu.DataType, rows, c int) {
		for _, relu := range []bool{false, true} {
			x, dy := g.random(dt, rows*c), g.random(dt, rows*c)
			n := g.norm(c)
			scale, shift := g.random(gpu.Float32, c), g.random(gpu.Float32, c)
			mean, invstd := g.random(gpu.Float32, c), g.random(gpu.Float32, c)
			shift[0] = math.NaN() // which lets the gradient pass
			n.put(rowScale, scale, shift, mean, invstd)
			grad := make([]float64, rows*c)
			for i, v := range dy {
				grad[i] = v
				if relu {
					grad[i] = masked(v, x[i]*scale[i%c]+shift[i%c])
				}
			}
			sum, size := columnSums(rows, c, func(r, j int) float64 { return grad[r*c+j] })
			sumX, sizeX := columnSums(rows, c, func(r, j int) float64 { return grad[r*c+j] * (x[r*c+j] - mean[j]) })

			tg, tdy, scratch := g.fresh(of(dt), rows*c), g.put(of(dt), dy), g.zeros(u8, int(NormScratch(rows, c)))
			f := n.backward(g.put(of(dt), x).Ptr, relu)
			g.normReduce(dt, tg.Ptr, tdy.Ptr, f, rows, c, scratch.Ptr)
			g.equal(what+" g", tg.get(), grad)
			// One rounding more than for a plain sum: that of x-mean.
			steps := additions(dt, rows, c) + 1
			tolSum := func(j int) float64 { return steps * u * size[j] }
			tolSumX := func(j int) float64 { return steps * u * sizeX[j] }
			weight, m := n.weight.get(), float64(rows)
			wantWeight, a, b, k := make([]float64, c), make([]float64, c), make([]float64, c), make([]float64, c)
			for j := range c {
				wantWeight[j], a[j] = sumX[j]*invstd[j], weight[j]*invstd[j]
				b[j], k[j] = -a[j]*invstd[j]*invstd[j]*sumX[j]/m, -a[j]*sum[j]/m
			}
			g.near(what+" dbias", n.dbias.get(), sum, tolSum)
			g.near(what+" dweight", n.dweight.get(), wantWeight, func(j int) float64 {
				return u*math.Abs(wantWeight[j]) + tolSumX(j)*math.Abs(invstd[j])
			})
			g.near(what+" a", n.row(rowA), a, func(j int) float64 { return u * math.Abs(a[j]) })
			g.near(what+" b", n.row(rowB), b, func(j int) float64 {
				return u*math.Abs(b[j]) + math.Abs(a[j])*invstd[j]*invstd[j]*tolSumX(j)/m
			})
			g.near(what+" k", n.row(rowK), k, func(j int) float64 {
				return u*math.Abs(k[j]) + math.Abs(a[j])*tolSum(j)/m
			})

			// Once more, in place.
			first := [][]float64{n.row(rowA), n.row(rowB), n.row(rowK), n.dweight.get(), n.dbias.get()}
			g.normReduce(dt, tdy.Ptr, tdy.Ptr, f, rows, c, scratch.Ptr)
			g.equal(what+" g in place", tdy.get(), grad)
			for i, now := range [][]float64{n.row(rowA), n.row(rowB), n.row(rowK), n.dweight.get(), n.dbias.get()} {
				g.equal(fmt.Sprintf("%s: result %d again", what, i), now, first[i])
			}
			g.equal(what+" counter", scratch.get()[:4], []float64{0, 0, 0, 0})
		}
	})
}

// NormInference computes many norms at once, each as BatchNormInference does.
func TestNormInference(t *testing.T) {
	if size := unsafe.Sizeof(NormEntry{}); size != 56 {
		t.Fatalf("a NormEntry is %d bytes, want 56 as on the device", size)
	}
	g := onGPU(t)
	var norms []norm
	var table []NormEntry
	most := 0
	for _, c := range []int{8, 300, 64, 1, 130} {
		n := g.norm(c)
		variance := n.runningVar.get()
		for j := range variance {
			variance[j] = math.Abs(variance[j])
		}
		n.runningVar = g.put(f32, variance)
		norms = append(norms, n)
		table = append(table, NormEntry{Weight: n.weight.Ptr, Bias: n.bias.Ptr, RunningMean: n.runningMean.Ptr,
			RunningVar: n.runningVar.Ptr, Norm: n.state.Ptr, Eps: bnEps, C: uint32(c)})
		most = max(most, c)
	}
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&table[0])), len(table)*int(unsafe.Sizeof(table[0])))
	td := g.zeros(u8, len(raw))
	g.copyIn(td.Ptr, raw)
	g.ok(g.k.NormInference(g.s, td.Ptr, len(table), most))
	for _, n := range norms {
		want := g.fresh(f32, 2*n.c)
		g.ok(g.k.BatchNormInference(g.s, BatchNorm{
			Weight: n.weight.Ptr, Bias: n.bias.Ptr, RunningMean: n.runningMean.Ptr, RunningVar: n.runningVar.Ptr,
			Eps: bnEps,
		}, want.Ptr, n.c))
		got := n.state.get()
		g.equal(fmt.Sprintf("c=%d scale and shift", n.c), got[:2*n.c], want.get())
		for i, v := range got[2*n.c:] {
			if v == v {
				t.Fatalf("c=%d: element %d of the state was written", n.c, 2*n.c+i)
			}
		}
	}
}

func TestNormRefuses(t *testing.T) {
	g := onGPU(t)
	if err := g.k.NormStatistics(g.s, gpu.Float32, 0, NormForward{}, 3, 12, 0); err == nil {
		t.Error("12 channels are taken")
	}
	g.ok(g.k.NormStatistics(g.s, gpu.Float32, 0, NormForward{}, 0, 16, 0))
	if NormScratch(0, 16) != 0 {
		t.Error("no rows need scratch memory")
	}
}
