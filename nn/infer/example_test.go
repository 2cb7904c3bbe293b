package infer_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/device"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/weights"
)

// Classify images of 8x8 gray pixels with a weights file.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "infer")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "weights.safetensors")
	if err := writeWeights(path, []string{"boot", "sandal", "sneaker"}); err != nil {
		log.Fatal(err)
	}

	model, err := infer.Open(path, device.CPU)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	pixels := make([]byte, 2*8*8) // two images
	probabilities, err := model.Predict(pixels)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Classes())
	for i, p := range probabilities {
		fmt.Printf("image %d: %d probabilities, sum %.2f\n", i, len(p), p[0]+p[1]+p[2])
	}
	// Output:
	// [boot sandal sneaker]
	// image 0: 3 probabilities, sum 1.00
	// image 1: 3 probabilities, sum 1.00
}

// writeWeights writes a small network for images of 8x8 pixels with initial weights, as a training run does.
func writeWeights(path string, classes []string) error {
	metadata := weights.Metadata{Classes: classes, Model: models.Config{Model: "fashion-resnet", Channels: 1, Height: 8,
		Width: 8, Classes: 3, Options: "base_channels=4"}}
	backend, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		return err
	}
	model, err := infer.New(backend, metadata, 1)
	if err != nil {
		return err
	}
	defer model.Close()
	if err := nn.Initialize(model.Executor(), model.Graph(), 1); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return weights.Save(file, model.Executor(), model.Graph(), metadata)
}
