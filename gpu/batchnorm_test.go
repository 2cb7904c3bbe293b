//go:build !nocuda

package gpu

import (
	"fmt"
	"math"
	"testing"
)

const (
	testEps      = 1e-3
	testMomentum = 0.01
)

func TestBatchNorm(t *testing.T) {
	b := onGPU(t)
	h := b.dnn()
	for _, typ := range []DataType{Float32, Float16} {
		for _, shape := range [][4]int{{3, 8, 5, 7}, {2, 33, 3, 3}, {4, 1, 2, 2}} {
			b.sub(fmt.Sprintf("%s %v", typ, shape), func(b bench) { testBatchNorm(b, h, typ, shape) })
		}
	}
}

// columns calls f with every channel and the indices of its values.
func columns(rows, c int, f func(channel int, at []int)) {
	for ch := range c {
		at := make([]int, rows)
		for r := range at {
			at[r] = r*c + ch
		}
		f(ch, at)
	}
}

// testBatchNorm tests all passes on a tensor of shape N, C, H, W.
func testBatchNorm(b bench, h *DNN, t DataType, shape [4]int) {
	rows, c := shape[0]*shape[2]*shape[3], shape[1]
	xd := must(NewTensor(t, shape[0], c, shape[2], shape[3]))(b)
	bn := must(h.NewBatchNorm(xd, testEps, testMomentum))(b)
	for _, x := range []interface{ Close() error }{xd, bn} {
		b.closing(x)
	}
	workspace, reserve := b.alloc(max(bn.Workspace, bn.BackwardWorkspace)), b.alloc(bn.Reserve)
	x, dy := b.array(t, small(rows*c, 1)), b.array(t, small(rows*c, 2))
	param := func(seed uint64) array { return b.array(Float32, small(c, seed)) }
	weight, bias, mean, variance := param(3), param(4), param(5), param(6)
	for i := range variance.values {
		variance.values[i] = math.Abs(variance.values[i]) + 0.5
	}
	variance = b.array(Float32, variance.values)
	saveMean, saveInvstd, dweight, dbias := param(7), param(8), param(9), param(10)
	y := b.array(t, small(rows*c, 11))

	// The expected values, and for each the sum of the magnitudes that it is made of.
	wantY, infer, wantDX := make([]float64, rows*c), make([]float64, rows*c), make([]float64, rows*c)
	scaleY, scaleDX := make([]float64, rows*c), make([]float64, rows*c)
	wantMean, wantVar := make([]float64, c), make([]float64, c)
	wantSave, wantInvstd := make([]float64, c), make([]float64, c)
	wantDW, wantDB, scaleC := make([]float64, c), make([]float64, c), make([]float64, c)
	columns(rows, c, func(ch int, at []int) {
		m := float64(rows)
		var mu, v, db, dw float64
		for _, i := range at {
			mu += x.values[i] / m
		}
		for _, i := range at {
			v += (x.values[i] - mu) * (x.values[i] - mu) / m
		}
		invstd := 1 / math.Sqrt(v+testEps)
		for _, i := range at {
			db += dy.values[i]
			dw += dy.values[i] * (x.values[i] - mu) * invstd
		}
		for _, i := range at {
			hat := (x.values[i] - mu) * invstd
			wantY[i] = hat*weight.values[ch] + bias.values[ch]
			infer[i] = (x.values[i]-mean.values[ch])/math.Sqrt(variance.values[ch]+testEps)*weight.values[ch] +
				bias.values[ch]
			wantDX[i] = weight.values[ch] * invstd * (dy.values[i] - db/m - hat*dw/m)
			scaleY[i] = 16 * (1 + math.Abs(hat)*math.Abs(weight.values[ch]))
			scaleDX[i] = 16 * math.Abs(weight.values[ch]) * invstd * (2 + math.Abs(db)/m + math.Abs(hat*dw)/m)
		}
		wantSave[ch], wantInvstd[ch], wantDB[ch], wantDW[ch] = mu, invstd, db, dw
		wantMean[ch] = (1-testMomentum)*mean.values[ch] + testMomentum*mu
		wantVar[ch] = (1-testMomentum)*variance.values[ch] + testMomentum*v*m/(m-1)
		scaleC[ch] = 4 * m * max(1, invstd)
	})
	const slack = 0x1p-20 // 16 roundings of float32 of the magnitudes

	memory := BatchNormMemory{
		Weight: weight.Ptr, Bias: bias.Ptr, RunningMean: mean.Ptr, RunningVar: variance.Ptr,
		SaveMean: saveMean.Ptr, SaveInvstd: saveInvstd.Ptr, DWeight: dweight.Ptr, DBias: dbias.Ptr,
		Workspace: workspace, Reserve: reserve,
	}
	b.ok(h.BatchNormInfer(bn, xd, x.Ptr, y.Ptr, memory))
	b.near("inferred y", t, b.fetch(y), infer, scaleY, slack)

	b.ok(h.BatchNormTrain(bn, xd, x.Ptr, y.Ptr, memory))
	b.near("y", t, b.fetch(y), wantY, scaleY, slack)
	b.near("running mean", Float32, b.fetch(mean), wantMean, scaleC, slack)
	b.near("running variance", Float32, b.fetch(variance), wantVar, scaleC, slack)
	b.near("mean", Float32, b.fetch(saveMean), wantSave, scaleC, slack)
	b.near("invstd", Float32, b.fetch(saveInvstd), wantInvstd, scaleC, slack)

	for _, beta := range []float32{0, 1} {
		dx := b.array(t, small(rows*c, 12))
		for i := range wantDX {
			wantDX[i] += float64(beta) * dx.values[i]
		}
		b.ok(h.BatchNormBackward(bn, xd, x.Ptr, dy.Ptr, dx.Ptr, memory, beta))
		b.near(fmt.Sprintf("dx, beta %v", beta), t, b.fetch(dx), wantDX, scaleDX, slack)
		b.near("dweight", Float32, b.fetch(dweight), wantDW, scaleC, slack)
		b.near("dbias", Float32, b.fetch(dbias), wantDB, scaleC, slack)
	}
}
