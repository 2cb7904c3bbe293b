package data_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"resnet/data"
)

func ExampleAll() {
	for _, d := range data.All() {
		fmt.Printf("%s: %s\n", d.Name, d.About)
	}
	// Output:
	// auto: what --data-dir holds; without it fashion-mnist
	// fashion-mnist: 70000 images of clothing, 28x28, grey, 10 classes
	// mnist: 70000 handwritten digits, 28x28, grey
	// kmnist: 70000 cursive Japanese characters, 28x28, grey, 10 classes
	// emnist-balanced: 131600 digits and letters, classes of equal size, 28x28, grey
	// emnist-letters: 145600 letters, capital and small as one, 28x28, grey
	// emnist-digits: 280000 digits, 28x28, grey
	// emnist-mnist: 70000 digits, chosen like MNIST's, 28x28, grey
	// emnist-byclass: 814255 digits, capital and small letters, 28x28, grey
	// emnist-bymerge: 814255 digits and letters, small ones that look like capitals as these, 28x28, grey
	// cifar10: 60000 photographs, 32x32, colour, 10 classes
	// cifar100: 60000 photographs, 32x32, colour, 100 classes
	// idx: any four files in MNIST's format
	// cifar-binary: any files in the binary format of CIFAR-10 or CIFAR-100
	// folders: pictures in a folder for each class, with or without train, val and test around them
	// manifest: pictures that a table lists with their labels: a CSV file or JSON lines
	// parquet: pictures and labels in Parquet files, as Hugging Face publishes data sets
}

// Six images are split into four for training and two for validation; the training images get a new order every epoch.
// Seed and epoch determine both, on every machine.
func ExampleShuffle() {
	set := &data.Set{N: 6, H: 1, W: 1, C: 1, Pixels: make([]byte, 6), Labels: make([]int32, 6)}
	const seed = 1
	train, val, err := data.Holdout(set, 2, seed)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("validation", val)
	for epoch := range 3 {
		fmt.Println("epoch", epoch, data.Shuffle(train, seed, epoch))
	}
	// Output:
	// validation [0 2]
	// epoch 0 [4 3 5 1]
	// epoch 1 [5 4 1 3]
	// epoch 2 [5 4 3 1]
}

// A data set of one's own is four files in MNIST's format.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "digits")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for stem, labels := range map[string][]byte{"train": {7, 0, 2}, "t10k": {1}} {
		n := byte(len(labels)) // the sizes are 4 bytes each, the largest first
		images := append([]byte{0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 8, 0, 0, 0, 8}, make([]byte, int(n)*8*8)...)
		os.WriteFile(filepath.Join(dir, stem+"-images-idx3-ubyte"), images, 0o644)
		labels = append([]byte{0, 0, 8, 1, 0, 0, 0, n}, labels...)
		os.WriteFile(filepath.Join(dir, stem+"-labels-idx1-ubyte"), labels, 0o644)
	}

	src, err := data.Open(context.Background(), data.Options{Dataset: data.IDX, Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(src.Train.Len(), "training images of", src.Train.H, "x", src.Train.W)
	fmt.Println(len(src.ClassNames), "classes, the first image is of class", src.Train.Labels[0])
	// Output:
	// 3 training images of 8 x 8
	// 8 classes, the first image is of class 7
}
