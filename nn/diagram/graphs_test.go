package diagram

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"resnet/nn"
	"resnet/nn/models"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// seed builds the network of the README.
func seed(t testing.TB) *nn.Graph {
	g, err := models.Build(models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=16 hidden=512"})
	must(t, err)
	return g
}

// resNet50 builds ResNet-50 with torchvision's names. It has 25,557,032 parameters and 53,120 running statistics, which
// torchvision does not count as parameters.
func resNet50(t testing.TB) *nn.Graph {
	g := nn.NewGraph("resnet50", 3, 224, 224, 1000)
	convBN := func(conv, bn string, x nn.Value, out, kernel, stride int, relu bool) nn.Value {
		x = g.Apply(conv, nn.Conv{Out: out, Kernel: kernel, Stride: stride, Pad: nn.Padding(kernel / 2)}, x)
		return g.Apply(bn, nn.BatchNorm{ReLU: relu}, x)
	}
	x := g.Apply("input", nn.Normalize{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}, g.Images)
	x = convBN("conv1", "bn1", x, 64, 7, 2, true)
	x = g.Apply("maxpool", nn.MaxPool{Kernel: 3, Stride: 2, Pad: nn.Padding(1)}, x)
	for i, blocks := range []int{3, 4, 6, 3} {
		width := 64 << i
		for j := range blocks {
			name, stride := fmt.Sprintf("layer%d.%d.", i+1, j), 1
			if i > 0 && j == 0 {
				stride = 2
			}
			y := convBN(name+"conv1", name+"bn1", x, width, 1, 1, true)
			y = convBN(name+"conv2", name+"bn2", y, width, 3, stride, true)
			y = convBN(name+"conv3", name+"bn3", y, 4*width, 1, 1, false)
			if j == 0 {
				x = convBN(name+"downsample.0", name+"downsample.1", x, 4*width, 1, stride, false)
			}
			x = g.Apply(name+"add", nn.Add{ReLU: true}, y, x)
		}
	}
	x = g.Apply("avgpool", nn.GlobalAvgPool{}, x)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 1000}, x))
	must(t, g.Err())
	return g
}

// tangle builds a random graph of sums: it has branches that cross or lead from one block into another, dead ends, and
// values that are added to themselves.
func tangle(t testing.TB, seed uint64) *nn.Graph {
	rng := rand.New(rand.NewPCG(seed, 1))
	g := nn.NewGraph(fmt.Sprint("tangle ", seed), 8, 6, 6, 8)
	values := []nn.Value{g.Apply("input", nn.Normalize{}, g.Images)}
	block := 0
	recent := func() nn.Value { return values[max(0, len(values)-1-rng.IntN(6))] }
	for i := range 5 + rng.IntN(40) {
		if rng.IntN(5) == 0 {
			block++
		}
		name := fmt.Sprintf("blocks.%d.%d", block, i)
		if rng.IntN(3) == 0 {
			name = fmt.Sprint("node", i)
		}
		var v nn.Value
		switch rng.IntN(4) {
		case 0:
			v = g.Apply(name, nn.Conv{Out: 8, Kernel: 3, Pad: nn.Padding(1)}, recent())
		case 1:
			v = g.Apply(name, nn.ReLU{}, recent())
		default:
			v = g.Apply(name, nn.Add{}, recent(), recent())
		}
		values = append(values, v)
	}
	x := g.Apply("pool", nn.GlobalAvgPool{}, recent())
	g.Loss(nn.SoftmaxCrossEntropy{}, x)
	must(t, g.Err())
	return g
}

// strange builds a graph whose names have characters that are special in each of the formats.
func strange(t testing.TB) *nn.Graph {
	g := nn.NewGraph(`a "net" <&> 'it's' \n`, 1, 4, 4, 2)
	x := g.Apply("in[put]|{x}", nn.Normalize{}, g.Images)
	x = g.Apply(`0.<b>bold</b>\N"`, nn.Conv{Out: 2, Kernel: 1}, x)
	x = g.Apply("0.`end` & #35; %% click; \t]]>", nn.BatchNorm{}, x)
	x = g.Apply("ένα_όνομα_名前_"+fmt.Sprint(make([]int, 40)), nn.GlobalAvgPool{}, x)
	g.Loss(nn.SoftmaxCrossEntropy{Smoothing: 0.1}, x)
	must(t, g.Err())
	return g
}
