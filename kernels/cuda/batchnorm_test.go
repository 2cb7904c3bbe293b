//go:build !nocuda

package cuda

import (
	"math"
	"testing"

	"resnet/gpu"
	"resnet/gpu/gputest"
)

const (
	bnEps      = 1e-3
	bnMomentum = 0.25
)

// moments are the mean and biased variance of each channel, computed in two passes. spread is the largest distance of a
// value of the channel from its mean.
func moments(x []float64, rows, c int) (mean, variance, spread []float64) {
	mean, _ = columnSums(rows, c, func(r, j int) float64 { return x[r*c+j] / float64(rows) })
	variance, _ = columnSums(rows, c, func(r, j int) float64 {
		d := x[r*c+j] - mean[j]
		return d * d / float64(rows)
	})
	spread = make([]float64, c)
	for i, e := range x {
		spread[i%c] = max(spread[i%c], math.Abs(e-mean[i%c]))
	}
	return mean, variance, spread
}

// normalised computes invstd from moments over rows, and the updated running statistics.
func normalised(mean, variance []float64, rows int, runningMean, runningVar []float64) (
	invstd, nextMean, nextVar []float64) {

	for j, v := range variance {
		invstd = append(invstd, 1/math.Sqrt(v+bnEps))
		nextMean = append(nextMean, (1-bnMomentum)*runningMean[j]+bnMomentum*mean[j])
		nextVar = append(nextVar, (1-bnMomentum)*runningVar[j]+bnMomentum*v*float64(rows)/math.Max(float64(rows-1), 1))
	}
	return invstd, nextMean, nextVar
}

// channels has the vectors per channel of a batch norm, on the device.
type channels struct {
	weight, bias, runningMean, runningVar, saveMean, saveInvstd, scaleShift *tensor
}

func (g *rig) channels(c int) channels {
	return channels{
		g.put(f32, g.random(gpu.Float32, c)), g.put(f32, g.random(gpu.Float32, c)),
		g.put(f32, g.random(gpu.Float32, c)), g.put(f32, g.random(gpu.Float32, c)),
		g.fresh(f32, c), g.fresh(f32, c), g.fresh(f32, 2*c),
	}
}

func (v channels) parameters() BatchNorm {
	return BatchNorm{
		Weight: v.weight.Ptr, Bias: v.bias.Ptr, RunningMean: v.runningMean.Ptr, RunningVar: v.runningVar.Ptr,
		SaveMean: v.saveMean.Ptr, SaveInvstd: v.saveInvstd.Ptr, Eps: bnEps, Momentum: bnMomentum,
	}
}

// statistics runs BatchNormStats and BatchNormFinish.
func (g *rig) statistics(dt gpu.DataType, x []float64, v channels, rows, c int) {
	g.Helper()
	tx, scratch := g.put(of(dt), x), g.fresh(u8, int(BatchNormScratch(rows, c)))
	g.ok(g.k.BatchNormStats(g.s, dt, tx.Ptr, scratch.Ptr, rows, c))
	g.ok(g.k.BatchNormFinish(g.s, v.parameters(), v.scaleShift.Ptr, scratch.Ptr, rows, c))
	scratch.get() // checks its guard zones
}

// checkStatistics compares the results of statistics with the moments of x. The errors of the mean are relative to
// spread, the largest distance of a value from its channel's mean.
func (g *rig) checkStatistics(what string, dt gpu.DataType, x []float64, v channels, rows, c int,
	runningMean, runningVar []float64) {
	g.Helper()
	const u = 0x1p-24
	mean, variance, spread := moments(x, rows, c)
	invstd, wantMean, wantVar := normalised(mean, variance, rows, runningMean, runningVar)
	// Sums of values up to twice the spread, where each addition is rounded, and at the end the mean.
	steps := 2 * additions(dt, rows, c)
	meanTol := func(j int) float64 { return u * (math.Abs(mean[j]) + steps*spread[j]) }
	// The products of the recurrence are rounded as often, and an error d of the mean adds d².
	varTol := func(j int) float64 { return 2*steps*u*variance[j] + meanTol(j)*meanTol(j) }
	got := v.scaleShift.get()
	weight, bias, saveMean, saveInvstd := v.weight.get(), v.bias.get(), v.saveMean.get(), v.saveInvstd.get()
	g.near(what+" save_mean", saveMean, mean, meanTol)
	g.near(what+" save_invstd", saveInvstd, invstd, func(j int) float64 {
		return invstd[j] * (2*u + varTol(j)/(variance[j]+bnEps))
	})
	g.near(what+" running_mean", v.runningMean.get(), wantMean, func(j int) float64 {
		return u*math.Abs(wantMean[j]) + meanTol(j)
	})
	g.near(what+" running_var", v.runningVar.get(), wantVar, func(j int) float64 {
		return u*math.Abs(wantVar[j]) + 2*varTol(j)
	})
	for j := range c {
		scale := weight[j] * saveInvstd[j]
		// Both are computed from the unrounded statistics.
		if tol := 3 * u * math.Abs(scale); math.Abs(got[j]-scale) > tol {
			g.Fatalf("%s: scale %d is %v, want %v", what, j, got[j], scale)
		}
		shift := bias[j] - mean[j]*got[j]
		if tol := 2*u*math.Abs(shift) + meanTol(j)*math.Abs(scale); math.Abs(got[c+j]-shift) > tol {
			g.Fatalf("%s: shift %d is %v, want %v", what, j, got[c+j], shift)
		}
	}
}

func TestBatchNormStatistics(t *testing.T) {
	eachRows(t, func(g *rig, what string, dt gpu.DataType, rows, c int) {
		for _, kind := range []struct {
			name string
			at   func(i int) float64
		}{
			{"random", func(i int) float64 { return 2*g.r.Float64() - 1 }},
			{"far from 0", func(i int) float64 { return 3000 + g.r.NormFloat64() }},
			// Float32 sums of x², or of squared differences from the first row, would lose the variance here.
			{"after a far first row", func(i int) float64 {
				if i < c {
					return 0
				}
				return 3000 + g.r.NormFloat64()
			}},
			{"constant", func(i int) float64 { return 0.75 }},
		} {
			x := make([]float64, rows*c)
			for i := range x {
				x[i] = round(dt, kind.at(i))
			}
			v := g.channels(c)
			runningMean, runningVar := v.runningMean.get(), v.runningVar.get()
			g.statistics(dt, x, v, rows, c)
			g.checkStatistics(what+" "+kind.name, dt, x, v, rows, c, runningMean, runningVar)
		}
	})
}

// The statistics do not depend on the size of the device.
func TestBatchNormStatisticsRepeat(t *testing.T) {
	gputest.NeedTime(t, "others test these kernels")
	eachRows(t, func(g *rig, what string, dt gpu.DataType, rows, c int) {
		x := g.random(dt, rows*c)
		v := g.channels(c)
		g.statistics(dt, x, v, rows, c)
		mean, invstd := v.saveMean.get(), v.saveInvstd.get()
		g.k.blocks *= 5
		g.statistics(dt, x, v, rows, c)
		g.k.blocks /= 5
		g.equal(what, v.saveMean.get(), mean)
		g.equal(what, v.saveInvstd.get(), invstd)
	})
}

func TestBatchNormInference(t *testing.T) {
	g := onGPU(t)
	for _, c := range []int{1, 5, 33, 300} {
		v := g.channels(c)
		variance := g.random(gpu.Float32, c)
		for j := range variance {
			variance[j] = math.Abs(variance[j])
		}
		runningVar := g.put(f32, variance)
		parameters := v.parameters()
		parameters.RunningVar = runningVar.Ptr
		g.ok(g.k.BatchNormInference(g.s, parameters, v.scaleShift.Ptr, c))
		weight, bias, mean := v.weight.get(), v.bias.get(), v.runningMean.get()
		want := make([]float64, 2*c)
		for j := range c {
			want[j] = float64(float32(weight[j] * (1 / math.Sqrt(variance[j]+bnEps))))
			want[c+j] = float64(float32(bias[j] - float64(mean[j]*want[j])))
		}
		g.equal("scale and shift", v.scaleShift.get(), want)
	}
}

func TestBatchNormApply(t *testing.T) {
	eachRows(t, func(g *rig, what string, dt gpu.DataType, rows, c int) {
		for _, relu := range []bool{false, true} {
			x, scaleShift := g.wild(dt, rows*c), g.random(gpu.Float32, 2*c)
			want := make([]float64, rows*c)
			for i, v := range x {
				want[i] = float64(float32(v*scaleShift[i%c] + scaleShift[c+i%c]))
				if relu {
					want[i] = positive(want[i])
				}
				want[i] = round(dt, want[i])
			}
			// Here the sum is rounded to float64 first, then to float32; the device's fmaf rounds once.
			tol := func(i int) float64 { return 2*unit(dt)*math.Abs(want[i]) + tiny(dt) }
			ty, ts := g.fresh(of(dt), rows*c), g.put(f32, scaleShift)
			g.ok(g.k.BatchNormApply(g.s, dt, ty.Ptr, g.put(of(dt), x).Ptr, ts.Ptr, relu, rows, c))
			got := ty.get()
			g.near(what, got, want, tol)
			tx := g.put(of(dt), x)
			g.ok(g.k.BatchNormApply(g.s, dt, tx.Ptr, tx.Ptr, ts.Ptr, relu, rows, c))
			g.equal(what+" in place", tx.get(), got)
		}
	})
}

// BatchNormReduce and BatchNormCoefficients are compared with sums in float64, then BatchNormBackward is tested with
// the coefficients that they computed.
func TestBatchNormGradients(t *testing.T) {
	const u = 0x1p-24
	eachRows(t, func(g *rig, what string, dt gpu.DataType, rows, c int) {
		for _, relu := range []bool{false, true} {
			x, dy, y := g.random(dt, rows*c), g.random(dt, rows*c), g.random(dt, rows*c)
			y[0] = math.NaN() // which lets the gradient pass
			mean, invstd, weight := g.random(gpu.Float32, c), g.random(gpu.Float32, c), g.random(gpu.Float32, c)
			grad := make([]float64, rows*c) // masked
			for i, v := range dy {
				grad[i] = v
				if relu {
					grad[i] = masked(v, y[i])
				}
			}
			sum, size := columnSums(rows, c, func(r, j int) float64 { return grad[r*c+j] })
			sumX, sizeX := columnSums(rows, c, func(r, j int) float64 { return grad[r*c+j] * (x[r*c+j] - mean[j]) })

			tx, tdy, ty := g.put(of(dt), x), g.put(of(dt), dy), g.put(of(dt), y)
			tm, ti, tw := g.put(f32, mean), g.put(f32, invstd), g.put(f32, weight)
			gradient := BatchNormGradient{DY: tdy.Ptr, X: tx.Ptr, Y: ty.Ptr, SaveMean: tm.Ptr, ReLU: relu}
			scratch := g.fresh(u8, int(BatchNormScratch(rows, c)))
			dweight, dbias, coefficients := g.fresh(f32, c), g.fresh(f32, c), g.fresh(f32, 3*c)
			reduce := func() []float64 {
				g.ok(g.k.BatchNormReduce(g.s, dt, gradient, scratch.Ptr, rows, c))
				g.ok(g.k.BatchNormCoefficients(g.s, BatchNorm{Weight: tw.Ptr, SaveInvstd: ti.Ptr}, dweight.Ptr,
					dbias.Ptr, coefficients.Ptr, scratch.Ptr, rows, c))
				scratch.get() // checks its guard zones
				return coefficients.get()
			}
			got := reduce()
			g.equal(what+" coefficients again", reduce(), got)

			// One rounding more than for a plain sum: that of x-mean.
			steps := additions(dt, rows, c) + 1
			tolSum := func(j int) float64 { return steps * u * size[j] }
			tolSumX := func(j int) float64 { return steps * u * sizeX[j] }
			wantWeight, want := make([]float64, c), make([]float64, 3*c)
			m := float64(rows)
			for j := range c {
				a := weight[j] * invstd[j]
				wantWeight[j] = sumX[j] * invstd[j]
				want[j], want[c+j], want[2*c+j] = a, -a*invstd[j]*invstd[j]*sumX[j]/m, -a*sum[j]/m
			}
			g.near(what+" dbias", dbias.get(), sum, tolSum)
			g.near(what+" dweight", dweight.get(), wantWeight, func(j int) float64 {
				return u*math.Abs(wantWeight[j]) + tolSumX(j)*math.Abs(invstd[j])
			})
			g.near(what+" coefficients", got, want, func(i int) float64 {
				j, a := i%c, math.Abs(want[i%c])
				tol := []float64{0, a * invstd[j] * invstd[j] * tolSumX(j) / m, a * tolSum(j) / m}
				return u*math.Abs(want[i]) + tol[i/c]
			})

			for _, accumulate := range []bool{false, true} {
				before := g.random(dt, rows*c)
				wantDx := make([]float64, rows*c)
				tol := make([]float64, rows*c)
				for i := range wantDx {
					j := i % c
					terms := []float64{grad[i] * got[j], (x[i] - mean[j]) * got[c+j], got[2*c+j]}
					if accumulate {
						terms = append(terms, before[i])
					}
					for _, v := range terms {
						wantDx[i] += v
						tol[i] += 4 * u * math.Abs(v) // three additions and a difference
					}
					tol[i] += unit(dt)*math.Abs(wantDx[i]) + tiny(dt)
				}
				dx := g.put(of(dt), before)
				g.ok(g.k.BatchNormBackward(g.s, dt, dx.Ptr, gradient, coefficients.Ptr, accumulate, rows, c))
				g.near(what+" dx", dx.get(), wantDx, func(i int) float64 { return tol[i] })
				if !accumulate {
					alias := g.put(of(dt), dy)
					inPlace := gradient
					inPlace.DY = alias.Ptr
					g.ok(g.k.BatchNormBackward(g.s, dt, alias.Ptr, inPlace, coefficients.Ptr, false, rows, c))
					g.equal(what+" dx in place", alias.get(), dx.get())
				}
			}
		}
	})
}

// Without ReLU, y is not read, and may be 0.
func TestBatchNormGradientsWithoutOutput(t *testing.T) {
	g := onGPU(t)
	const rows, c = 70, 33
	x := g.put(f32, g.random(gpu.Float32, rows*c))
	vector := g.put(f32, g.random(gpu.Float32, 3*c))
	scratch, dx := g.fresh(u8, int(BatchNormScratch(rows, c))), g.fresh(f32, rows*c)
	gradient := BatchNormGradient{DY: x.Ptr, X: x.Ptr, SaveMean: vector.Ptr}
	g.ok(g.k.BatchNormReduce(g.s, gpu.Float32, gradient, scratch.Ptr, rows, c))
	g.ok(g.k.BatchNormBackward(g.s, gpu.Float32, dx.Ptr, gradient, vector.Ptr, false, rows, c))
	for i, v := range dx.get() {
		if v != v {
			g.Fatalf("dx[%d] is NaN", i)
		}
	}
}
