package nn_test

import (
	"fmt"
	"log"

	"resnet/nn"
	"resnet/nn/cpu"
)

// A small network that distinguishes dark and bright images, trained for a few steps on one batch.
func Example() {
	g := nn.NewGraph("brightness", 1, 4, 4, 2) // one channel, 4x4 pixels, two classes
	x := g.Apply("input", nn.Normalize{}, g.Images)
	y := g.Apply("conv", nn.Conv{Out: 8, Kernel: 3, Pad: nn.Padding(1), Bias: true, Init: nn.GlorotUniform}, x)
	y = g.Apply("relu", nn.ReLU{}, y)
	y = g.Apply("pool", nn.GlobalAvgPool{}, y)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 2, Init: nn.Zeros}, y))

	backend, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	const batch = 8
	sgd := nn.SGD{Momentum: 0.9}
	exec, err := backend.Compile(g, nn.PlanConfig{Batch: batch, Optimizer: sgd}) // reports errors of the graph too
	if err != nil {
		log.Fatal(err)
	}
	defer exec.Close()
	if err := nn.Initialize(exec, g, 1); err != nil {
		log.Fatal(err)
	}

	pixels, labels := make([]byte, batch*4*4), make([]int32, batch)
	for i := range labels {
		labels[i] = int32(i % 2)
		for p := range 4 * 4 {
			pixels[i*4*4+p] = byte(200*labels[i]) + byte(i)
		}
	}
	write := func(v nn.Value, p []byte) {
		if err := exec.Write(nn.Ref{Value: v}, p); err != nil {
			log.Fatal(err)
		}
	}
	write(g.Images, pixels)
	write(g.Labels, nn.Bytes(labels))
	for step := range int64(31) {
		params, metrics := sgd.StepParams(step+1, 0.1), [2]float64{}
		write(nn.StepParamsValue, nn.Bytes(params[:]))
		write(nn.MetricsValue, nn.Bytes(metrics[:])) // runs add to them
		if err := exec.Run(nn.Train, batch); err != nil {
			log.Fatal(err)
		}
		if err := exec.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(metrics[:])); err != nil {
			log.Fatal(err)
		}
		if step%30 == 0 {
			fmt.Printf("step %d: loss %.2f, %.0f of %d correct\n", step+1, metrics[0]/batch, metrics[1], batch)
		}
	}
	// Output:
	// step 1: loss 0.69, 4 of 8 correct
	// step 31: loss 0.03, 8 of 8 correct
}
