package nn_test

import (
	"math"
	"slices"
	"testing"

	"resnet/nn"
	"resnet/nn/cpu"
)

// TestInitMoments: n random values have the mean of their distribution within 5 standard errors, std/sqrt(n), and its
// standard deviation within 5 of std*sqrt((kurtosis-1)/(4n)), kurtosis 3 for normal and 1.8 for uniform. The seeds are
// fixed, and so is the result.
func TestInitMoments(t *testing.T) {
	conv, linear := nn.Shape{N: 64, C: 32, H: 3, W: 3}, nn.Shape{N: 100, C: 300, H: 1, W: 1}
	for _, c := range []struct {
		name          string
		init          nn.Init
		shape         nn.Shape
		std, kurtosis float64
	}{
		{"zero value", nn.Init{}, conv, math.Sqrt(2.0 / (64 * 9)), 3},
		{"he normal", nn.HeNormal, conv, math.Sqrt(2.0 / (64 * 9)), 3},
		{"he normal, linear", nn.HeNormal, linear, math.Sqrt(2.0 / 100), 3},
		{"normal", nn.Normal(0.05), conv, 0.05, 3},
		// A uniform distribution on ±a has standard deviation a/sqrt(3).
		{"glorot uniform", nn.GlorotUniform, linear, math.Sqrt(6.0/400) / math.Sqrt(3), 1.8},
		{"glorot uniform, conv", nn.GlorotUniform, conv, math.Sqrt(6.0/(96*9)) / math.Sqrt(3), 1.8},
	} {
		x := fill(c.init, c.shape, 1, c.name)
		n := float64(len(x))
		var sum, squares, largest float64
		for _, v := range x {
			sum += float64(v)
			squares += float64(v) * float64(v)
			largest = max(largest, math.Abs(float64(v)))
		}
		mean := sum / n
		std := math.Sqrt(squares/n - mean*mean)
		if bound := 5 * c.std / math.Sqrt(n); math.Abs(mean) > bound {
			t.Errorf("%s: mean %.3g, want 0 within %.2g", c.name, mean, bound)
		}
		if bound := 5 * c.std * math.Sqrt((c.kurtosis-1)/(4*n)); math.Abs(std-c.std) > bound {
			t.Errorf("%s: standard deviation %.5g, want %.5g within %.2g", c.name, std, c.std, bound)
		}
		if limit := c.std * math.Sqrt(3); c.kurtosis < 3 && (largest > limit*(1+1e-6) || largest < 0.99*limit) {
			t.Errorf("%s: largest value %.5g, want nearly the limit %.5g", c.name, largest, limit)
		}
	}
	for init, want := range map[nn.Init]float32{nn.Zeros: 0, nn.Ones: 1} {
		if x := fill(init, conv, 1, "constant"); slices.ContainsFunc(x, func(v float32) bool { return v != want }) {
			t.Errorf("constant initialisation gives %v, want %v throughout", x[:4], want)
		}
	}
}

func fill(init nn.Init, shape nn.Shape, seed uint64, name string) []float32 {
	x := make([]float32, shape.Elems())
	init.Fill(x, shape, seed, name)
	return x
}

// correlation is that of two sets of random values; for independent ones about 1/sqrt(n).
func correlation(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// TestInitNames: the values depend on the seed and the name and on nothing else.
func TestInitNames(t *testing.T) {
	shape := nn.Shape{N: 32, C: 16, H: 3, W: 3}
	a := fill(nn.HeNormal, shape, 1, "blocks.0.conv1.weight")
	if !slices.Equal(a, fill(nn.HeNormal, shape, 1, "blocks.0.conv1.weight")) {
		t.Error("one seed and name give two sets of values")
	}
	bound := 5 / math.Sqrt(float64(len(a)))
	for _, c := range []struct {
		seed uint64
		name string
	}{{1, "blocks.0.conv2.weight"}, {1, "blocks.1.conv1.weight"}, {2, "blocks.0.conv1.weight"},
		{1 << 40, "blocks.0.conv1.weight"}} {
		if r := correlation(a, fill(nn.HeNormal, shape, c.seed, c.name)); math.Abs(r) > bound {
			t.Errorf("values of seed 1 and of seed %d, %s correlate by %.3f, want at most %.3f", c.seed, c.name, r,
				bound)
		}
	}
}

// TestInitialize: every parameter of an executor is written, and an added layer does not change the values of the
// others.
func TestInitialize(t *testing.T) {
	backend, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	values := map[int]map[string][]float32{}
	for _, hidden := range []int{0, 16} {
		g := fashionResNet(t, 4, hidden)
		e, err := backend.Compile(g, nn.PlanConfig{Batch: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if err := nn.Initialize(e, g, 3); err != nil {
			t.Fatal(err)
		}
		values[hidden] = map[string][]float32{}
		for _, v := range g.Parameters() {
			p := g.Param(v)
			x := make([]float32, p.Shape.Elems())
			if err := e.Read(nn.Ref{Value: v}, nn.Bytes(x)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(x, fill(p.Init, p.Shape, 3, g.ValueName(v))) {
				t.Errorf("%s does not hold its initial value", g.ValueName(v))
			}
			values[hidden][g.ValueName(v)] = x
		}
	}
	for name, x := range values[0] {
		if name != "fc2.weight" && !slices.Equal(x, values[16][name]) { // fc2 has another shape
			t.Errorf("%s depends on the hidden layer", name)
		}
	}
}
