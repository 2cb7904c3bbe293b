//go:build !nocuda

package cuda

import (
	"math"
)

// sumSteps bounds the number of float32 roundings of a sum over rows: those of a thread, and the few that merge
// threads.
func (t *convolutionTest) sumSteps() float64 { return float64(t.c.rows() + 16) }

func (t *convolutionTest) checkStats(y, norm []float64) {
	t.Helper()
	const u = 0x1p-24
	rows, c := t.c.rows(), t.c.Out
	mean, variance, spread := moments(y, rows, c)
	weight, bias, running := t.weight.get(), t.bias.get(), t.running.get()
	for j := range c {
		// Distances from a thread's first row are at most twice the spread, their squares four times its square.
		meanTol := u * (math.Abs(mean[j]) + 2*t.sumSteps()*spread[j])
		varTol := 4 * t.sumSteps() * u * spread[j] * spread[j]
		invstd := 1 / math.Sqrt(variance[j]+bnEps)
		scale := weight[j] * invstd
		scaleTol := math.Abs(scale) * (4*u + varTol/(variance[j]+bnEps))
		unbiased := variance[j] * float64(rows) / math.Max(float64(rows-1), 1)
		for _, v := range []struct {
			name           string
			got, want, tol float64
		}{
			{"mean", norm[2*c+j], mean[j], meanTol},
			{"invstd", norm[3*c+j], invstd, invstd * (2*u + varTol/(variance[j]+bnEps))},
			{"scale", norm[j], scale, scaleTol},
			{"shift", norm[c+j], bias[j] - mean[j]*scale, 2*u + meanTol*math.Abs(scale) + scaleTol*math.Abs(mean[j])},
			{"running_mean", running[j], (1-bnMomentum)*t.before[j] + bnMomentum*mean[j], 2*u + meanTol},
			{"running_var", running[c+j], (1-bnMomentum)*t.before[c+j] + bnMomentum*unbiased,
				2*u*(1+unbiased) + 2*varTol},
		} {
			if !(math.Abs(v.got-v.want) <= v.tol) {
				t.Fatalf("%s: %s of channel %d is %v, want %v: tolerance %.3g", t.what, v.name, j, v.got, v.want, v.tol)
			}
		}
	}
}

func (t *convolutionTest) checkGrad(y, norm []float64) {
	t.Helper()
	const u = 0x1p-24
	rows, c := t.c.rows(), t.c.Out
	sum, size := columnSums(rows, c, func(r, j int) float64 { return y[r*c+j] })
	sumX, sizeX := columnSums(rows, c, func(r, j int) float64 { return y[r*c+j] * (t.input[r*c+j] - norm[2*c+j]) })
	weight, dweight, dbias := t.weight.get(), t.dweight.get(), t.dbias.get()
	for j := range c {
		invstd, n := norm[3*c+j], float64(rows)
		a := weight[j] * invstd
		tol, tolX := t.sumSteps()*u*size[j], t.sumSteps()*u*sizeX[j]
		for _, v := range []struct {
			name           string
			got, want, tol float64
		}{
			{"dbias", dbias[j], sum[j], tol},
			{"dweight", dweight[j], invstd * sumX[j], invstd*tolX + u*math.Abs(invstd*sumX[j])},
			{"a", norm[4*c+j], a, u * math.Abs(a)},
			{"b", norm[5*c+j], -a * invstd * invstd * sumX[j] / n,
				math.Abs(a) * invstd * invstd * (tolX + u*math.Abs(sumX[j])) / n},
			{"k", norm[6*c+j], -a * sum[j] / n, math.Abs(a) * (tol + u*math.Abs(sum[j])) / n},
		} {
			if !(math.Abs(v.got-v.want) <= v.tol) {
				t.Fatalf("%s: %s of channel %d is %v, want %v: tolerance %.3g", t.what, v.name, j, v.got, v.want, v.tol)
			}
		}
	}
}
