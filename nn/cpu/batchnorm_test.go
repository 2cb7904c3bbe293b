package cpu_test

import (
	"math"
	"testing"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// TestCPUBatchNormFarFromZero: with a mean of three thousand standard deviations, E[x²]-E[x]² in float32 would not have
// one correct digit of the variance.
func TestCPUBatchNormFarFromZero(t *testing.T) {
	const batch, pixels, mean = 4, 9 * 7, 1000
	g := nn.NewGraph("far", 1, 9, 7, 10)
	x := g.Apply("input", nn.Normalize{Mean: []float32{-mean}}, g.Images)
	x = g.Apply("bn", nn.BatchNorm{Momentum: 1}, x) // the running statistics become the batch's
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 10}, x))

	images := make([]byte, batch*pixels)
	sum := 0.0
	value := func(b byte) float64 { return float64(float32(float64(b)/255 + mean)) }
	for i := range images {
		images[i] = byte(i * 37)
		sum += value(images[i])
	}
	wantMean := sum / batch / pixels
	wantVar := 0.0
	for _, b := range images {
		wantVar += math.Pow(value(b)-wantMean, 2) / (batch*pixels - 1)
	}
	eachCPU(t, []int{2}, func(t *testing.T, isa kernels.ISA, threads int) {
		b := openCPU(isa, threads)(t)
		defer b.Close()
		e := newExecutor(t, b, g, batch)
		if err := e.Write(nn.Ref{Value: g.Images}, images); err != nil {
			t.Fatal(err)
		}
		if err := e.Run(nn.Train, batch); err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, v := range g.Parameters() {
			if g.Elems(v, 1) == 1 {
				one := make([]float32, 1)
				if err := e.Read(nn.Ref{Value: v}, nn.Bytes(one)); err != nil {
					t.Fatal(err)
				}
				got[g.ValueName(v)] = float64(one[0])
			}
		}
		// A few roundings of sums of 63 terms, and the rounding of a mean of this size.
		if d := math.Abs(got["bn.running_mean"] - wantMean); d > 1e-4 {
			t.Errorf("mean %v, want %v", got["bn.running_mean"], wantMean)
		}
		if d := math.Abs(got["bn.running_var"]/wantVar - 1); d > 1e-5 {
			t.Errorf("variance %v, want %v", got["bn.running_var"], wantVar)
		}
	})
}
