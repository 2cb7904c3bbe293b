package data

import (
	"math"
	"os"
	"testing"
)

// The data itself, where this machine has it: RESNET_REQUIRE_DATA=1 makes its absence a failure.
func TestFashionMNIST(t *testing.T) {
	p := fashionMNIST.store()
	info, err := p.describe(t.Context(), Options{})
	if err != nil || !info.OK() {
		if os.Getenv("RESNET_REQUIRE_DATA") == "1" {
			t.Fatalf("no data: %+v, %v", info, err)
		}
		t.Skipf("no data: %+v, %v", info, err)
	}
	src, err := p.openAt(place{dir: info.Dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if src.Train.N != 60000 || src.Test.N != 10000 || src.Train.H != 28 || src.Train.W != 28 || src.Train.C != 1 {
		t.Errorf("%d and %d images of %dx%d", src.Train.N, src.Test.N, src.Train.H, src.Train.W)
	}
	for c, name := range src.ClassNames {
		if info.Train.PerClass[c] != 6000 || info.Test.PerClass[c] != 1000 {
			t.Errorf("%s: %d and %d images, want 6000 and 1000", name, info.Train.PerClass[c], info.Test.PerClass[c])
		}
	}
	// The figures that everyone normalises Fashion-MNIST with, 0.2860 and 0.3530, to their four digits.
	if m, s := info.Train.Mean, info.Train.Std; math.Abs(m-0.2860) > 5e-5 || math.Abs(s-0.3530) > 5e-5 {
		t.Errorf("mean %.5f, std %.5f, want 0.2860 and 0.3530", m, s)
	}
	if border := border(src.Train); fashionMNIST.Dark != (border < 0.25) {
		t.Errorf("the border of the images is %.2f bright, and they are said to be dark %v", border, fashionMNIST.Dark)
	}
	// The first training image is an ankle boot, the first test image too (the data set's README shows both).
	const boot = "Ankle boot"
	if a, b := src.Train.Labels[0], src.Test.Labels[0]; src.ClassNames[a] != boot || src.ClassNames[b] != boot {
		t.Errorf("first images are of classes %d and %d, want 9", a, b)
	}
	if src.Checksum != info.Checksum {
		t.Errorf("checksum %s opened, %s described", src.Checksum, info.Checksum)
	}
}

// border is the mean of the outermost pixels of grey images, 0 to 1.
func border(s *Set) float64 {
	sum, n := 0, 0
	for i := range s.Len() {
		for k, v := range s.Image(i) {
			if y, x := k/s.W, k%s.W; y == 0 || y == s.H-1 || x == 0 || x == s.W-1 {
				sum += int(v)
				n++
			}
		}
	}
	return float64(sum) / float64(n) / 255
}
