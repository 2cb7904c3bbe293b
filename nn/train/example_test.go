package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"resnet/data"
	"resnet/nn/device"
	"resnet/nn/train"
)

// Train for one epoch on images in memory.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "train")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cfg := train.Defaults()
	cfg.Device = device.CPU
	cfg.Epochs, cfg.BatchSize = 1, 16
	cfg.Options = cfg.Options.With("base_channels", 2).With("hidden", 8)
	cfg.Output = filepath.Join(dir, "run")

	result, err := train.Run(context.Background(), cfg, train.Options{Source: &data.Source{
		Name: "stripes", ClassNames: []string{"horizontal", "vertical"}, Train: stripes(128), Test: stripes(32),
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("best epoch %d of %d, after %d steps\n", result.Best.Epoch, len(result.Rows), result.Rows[0].Step)
	weights, err := filepath.Rel(dir, result.BestWeights)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(filepath.ToSlash(weights))
	// Output:
	// best epoch 1 of 1, after 8 steps
	// run/weights/best.safetensors
}

// stripes is a set of n images of 12x12 gray pixels with one bright row or column.
func stripes(n int) *data.Set {
	s := &data.Set{N: n, H: 12, W: 12, C: 1, Pixels: make([]byte, n*12*12), Labels: make([]int32, n)}
	for i := range n {
		s.Labels[i] = int32(i % 2)
		for k := range 12 {
			at := 12*(i%11) + k // row
			if s.Labels[i] == 1 {
				at = 12*k + i%11
			}
			s.Pixels[12*12*i+at] = 255
		}
	}
	return s
}
