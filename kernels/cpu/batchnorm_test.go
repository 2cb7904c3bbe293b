package cpu

import (
	"fmt"
	"math"
	"testing"
)

func init() {
	calls = append(calls, func(k *Kernels, o operands) {
		k.Stats(o.p, o.q, o.x, o.q)
		k.ScaleShift(o.y, o.x, o.p, o.q, true)
		k.BatchNormReduce(o.p, o.q, o.y, o.x, o.p, o.p, o.p, true)
		k.BatchNormBackward(o.y, o.y, o.x, o.p, o.p, o.p, o.p, o.p, o.p, true, false)
		k.BatchNormBackward(o.y, o.z, o.x, o.p, o.p, o.p, o.p, o.p, o.p, true, true)
		k.SumRows(o.p, o.x)
		k.AddRow(o.y, o.p, true)
	})
}

// Channel counts: below, at and above every vector and block width, with and without partial vectors.
var channelCounts = []int{1, 3, 7, 8, 9, 10, 15, 16, 17, 24, 31, 32, 33, 48, 64, 71, 80, 96, 130, 144}

func eachRows(t *testing.T, f func(t *testing.T, k *Kernels, name string, rows, c int)) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		for _, c := range channelCounts {
			for _, rows := range []int{0, 1, 2, 3, 4, 5, 9, 30} {
				f(t, k, fmt.Sprintf("rows=%d c=%d", rows, c), rows, c)
			}
		}
	})
}

// columnSums returns before plus the sum of term over the rows. The tolerance is one rounding of the sum of magnitudes
// for each of the rows, and three for the term itself.
func columnSums(before []float32, rows int, term func(p, j int) float64) (want, tol []float64) {
	want, tol = make([]float64, len(before)), make([]float64, len(before))
	for j, v := range before {
		mag := math.Abs(float64(v))
		want[j] = float64(v)
		for p := range rows {
			want[j] += term(p, j)
			mag += math.Abs(term(p, j))
		}
		tol[j] = float64(rows+4) * eps * mag
	}
	return want, tol
}

func TestStatsAndSumRows(t *testing.T) {
	r := newRand()
	eachRows(t, func(t *testing.T, k *Kernels, name string, rows, c int) {
		x := random(r, rows*c, 1)
		sum, sumsq, only := random(r, c, 2), random(r, c, 3), random(r, c, 5)
		shift := random(r, c, 4)
		at := func(p, j int) float64 { return float64(x.v[p*c+j]) }
		off := func(p, j int) float64 { return float64(x.v[p*c+j] - shift.v[j]) }
		wantSum, tolSum := columnSums(sum.v, rows, off)
		wantSq, tolSq := columnSums(sumsq.v, rows, func(p, j int) float64 { return off(p, j) * off(p, j) })
		wantOnly, tolOnly := columnSums(only.v, rows, at)
		k.Stats(sum.v, sumsq.v, x.v, shift.v)
		k.SumRows(only.v, x.v)
		near(t, name+" sum", sum.v, wantSum, tolSum)
		near(t, name+" sumsq", sumsq.v, wantSq, tolSq)
		near(t, name+" SumRows", only.v, wantOnly, tolOnly)
		sum.check(t, name)
		sumsq.check(t, name)
		only.check(t, name)
	})
}

func TestScaleShiftAndAddRow(t *testing.T) {
	r := newRand()
	eachRows(t, func(t *testing.T, k *Kernels, name string, rows, c int) {
		for _, relu := range []bool{false, true} {
			x, scale, shift := random(r, rows*c, 1), random(r, c, 2), random(r, c, 0)
			want, wantRow, tol := make([]float64, rows*c), make([]float64, rows*c), make([]float64, rows*c)
			for i, v := range x.v {
				want[i] = float64(v)*float64(scale.v[i%c]) + float64(shift.v[i%c])
				wantRow[i] = float64(v) + float64(shift.v[i%c])
				if relu {
					want[i], wantRow[i] = max(want[i], 0), max(wantRow[i], 0)
				}
				tol[i] = 2 * eps // two roundings of values below 2
			}
			y := newGuarded(rows*c, 3)
			k.ScaleShift(y.v, x.v, scale.v, shift.v, relu)
			near(t, name, y.v, want, tol)
			y.check(t, name)
			alias := x.clone()
			k.ScaleShift(alias.v, alias.v, scale.v, shift.v, relu)
			near(t, name+" in place", alias.v, want, tol)
			row := x.clone()
			k.AddRow(row.v, shift.v, relu)
			near(t, name+" AddRow", row.v, wantRow, tol)
			row.check(t, name)
		}
	})
}

// batchNormCase is input with the gradient behind the ReLU. Where x*scale+shift is near 0, rounding decides whether the
// gradient passes, so g follows what ScaleShift computes.
type batchNormCase struct {
	dy, x, mean, scale, shift, a, b, k guarded
	g                                  []float64 // dy where the gradient passes, else 0
}

func newBatchNormCase(k *Kernels, rows, c int, relu bool) batchNormCase {
	r := newRand()
	q := batchNormCase{
		dy: random(r, rows*c, 1), x: random(r, rows*c, 2), mean: random(r, c, 3), scale: random(r, c, 0),
		shift: random(r, c, 1), a: random(r, c, 2), b: random(r, c, 3), k: random(r, c, 0),
		g: make([]float64, rows*c),
	}
	y := Alloc(rows * c)
	k.ScaleShift(y, q.x.v, q.scale.v, q.shift.v, relu)
	for i, v := range q.dy.v {
		if !relu || y[i] > 0 {
			q.g[i] = float64(v)
		}
	}
	return q
}

func TestBatchNormReduce(t *testing.T) {
	r := newRand()
	eachRows(t, func(t *testing.T, k *Kernels, name string, rows, c int) {
		for _, relu := range []bool{false, true} {
			q := newBatchNormCase(k, rows, c, relu)
			sumDy, sumDyX := random(r, c, 1), random(r, c, 2)
			want, tol := columnSums(sumDy.v, rows, func(p, j int) float64 { return q.g[p*c+j] })
			wantX, tolX := columnSums(sumDyX.v, rows, func(p, j int) float64 {
				return q.g[p*c+j] * (float64(q.x.v[p*c+j]) - float64(q.mean.v[j]))
			})
			k.BatchNormReduce(sumDy.v, sumDyX.v, q.dy.v, q.x.v, q.mean.v, q.scale.v, q.shift.v, relu)
			near(t, name+" sumDy", sumDy.v, want, tol)
			near(t, name+" sumDyX", sumDyX.v, wantX, tolX)
			sumDy.check(t, name)
			sumDyX.check(t, name)
		}
	})
}

func TestBatchNormBackward(t *testing.T) {
	r := newRand()
	eachRows(t, func(t *testing.T, k *Kernels, name string, rows, c int) {
		for n := range 4 {
			relu, acc := n&1 != 0, n&2 != 0
			q := newBatchNormCase(k, rows, c, relu)
			dx := random(r, rows*c, 1)
			want, tol := make([]float64, rows*c), make([]float64, rows*c)
			for i, g := range q.g {
				j := i % c
				centered := float64(q.x.v[i]) - float64(q.mean.v[j])
				want[i] = g*float64(q.a.v[j]) + centered*float64(q.b.v[j]) + float64(q.k.v[j])
				if acc {
					want[i] += float64(dx.v[i])
				}
				tol[i] = 6 * 4 * eps // six roundings of values below 4
			}
			run := func(dx, dy []float32) {
				k.BatchNormBackward(dx, dy, q.x.v, q.mean.v, q.scale.v, q.shift.v, q.a.v, q.b.v, q.k.v, relu, acc)
			}
			run(dx.v, q.dy.v)
			near(t, name, dx.v, want, tol)
			dx.check(t, name)
			if !acc {
				alias := q.dy.clone()
				run(alias.v, alias.v)
				near(t, name+" in place", alias.v, want, tol)
			}
		}
	})
}

// Where the forward value is one rounding away from 0, only the same arithmetic passes gradients at the same places.
func TestBatchNormMaskIsForwardValue(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		r := newRand()
		for _, c := range []int{3, 8, 16, 40, 64} {
			rows := 4096 / c
			x, scale, shift := Alloc(rows*c), Alloc(c), Alloc(c)
			for j := range c {
				scale[j] = 0.5 + r.Float32()
				root := 0.5 + r.Float32()
				shift[j] = -scale[j] * root
				for p := range rows {
					x[p*c+j] = root * (1 + eps*float32(p%5-2))
				}
			}
			y, dy, dx, zero, one := Alloc(rows*c), Alloc(rows*c), Alloc(rows*c), Alloc(c), Alloc(c)
			for i := range dy {
				dy[i] = 1
			}
			for j := range one {
				one[j] = 1
			}
			k.ScaleShift(y, x, scale, shift, true)
			k.BatchNormBackward(dx, dy, x, zero, scale, shift, one, zero, zero, true, false)
			sum, sumX, counts, zeros := Alloc(c), Alloc(c), make([]float32, c), 0
			k.BatchNormReduce(sum, sumX, dy, x, zero, scale, shift, true)
			for i, v := range y {
				var want float32
				if v > 0 {
					want = 1
				} else {
					zeros++
				}
				counts[i%c] += want
				if dx[i] != want {
					t.Fatalf("c=%d: forward value %v at %d has gradient %v", c, v, i, dx[i])
				}
			}
			for j, n := range counts {
				if sum[j] != n {
					t.Fatalf("c=%d: channel %d has %v positive values, BatchNormReduce counts %v", c, j, n, sum[j])
				}
			}
			if zeros == 0 || zeros == len(y) {
				t.Fatalf("c=%d: %d of %d values are 0: the case tests nothing", c, zeros, len(y))
			}
		}
	})
}
