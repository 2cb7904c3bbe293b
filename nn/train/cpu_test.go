package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"

	"resnet/data"
	"resnet/nn/device"
)

// striped is a set of images of 12x12 pixels of noise with a bright stripe, whose position is the class: easy to learn.
func striped(n int, seed uint64) *data.Set {
	s := &data.Set{N: n, H: 12, W: 12, C: 1, Pixels: make([]byte, n*144), Labels: make([]int32, n)}
	for i := range s.Pixels {
		s.Pixels[i] = byte(data.Key(seed, data.StreamAugment, 0, i)) / 2
	}
	for i := range s.Labels {
		s.Labels[i] = int32(i % 3)
		for x := range 12 {
			s.Pixels[144*i+12*(4*(i%3)+1)+x] = 255
		}
	}
	return s
}

// TestTrainsOnTheCPU trains on the real CPU backend: it learns; any number of threads gives the same bits; and so does
// a run that is stopped and resumed with another number of threads.
func TestTrainsOnTheCPU(t *testing.T) {
	c := Defaults()
	c.Device = device.CPU
	c.Options, c.Epochs, c.BatchSize, c.Val, c.CheckpointSeconds = "base_channels=2 hidden=8", 6, 16, "30", 0
	o := Options{Source: &data.Source{
		Name: "stripes", ClassNames: []string{"top", "middle", "bottom"}, Train: striped(230, 1), Test: striped(50, 2),
		Checksum: "c",
	}}
	c.Output, c.Threads = t.TempDir()+"/one", 1
	r := mustRun(t, c, o)
	// Guessing has an accuracy of 1/3 and a loss of 1.1; half of that loss after 78 steps is easy.
	if last := r.Rows[5]; last.Train.Loss > 0.55 || last.Train.Accuracy < 0.8 {
		t.Errorf("after 6 epochs: %+v, want a loss below 0.55 and an accuracy above 0.8", last.Train)
	}
	if r.Test == nil || r.Test.Images != 50 {
		t.Errorf("test evaluation %+v, want one of 50 images", r.Test)
	}
	want, err := os.ReadFile(r.LastWeights)
	if err != nil {
		t.Fatal(err)
	}
	c.Output, c.Threads = t.TempDir()+"/two", 2
	ctx, cancel := context.WithCancel(context.Background())
	o.Hooks.Step = func(s *StepInfo) error {
		if s.GlobalStep == 18 {
			cancel()
		}
		return nil
	}
	if _, err = Run(ctx, c, o); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	o.Override = func(c *Config) { c.Threads = 3 }
	if r, err = Resume(context.Background(), c.Output, o); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(r.LastWeights); err != nil || !bytes.Equal(got, want) {
		t.Errorf("two threads, stopped, and then three end with other weights than one (%v)", err)
	}
}
