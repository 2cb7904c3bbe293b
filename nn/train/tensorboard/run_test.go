package tensorboard

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/device"
	"resnet/nn/safetensors"
	"resnet/nn/train"
)

// noise returns n images of 8x8 pixels in three classes.
func noise(n int, seed uint64) *data.Set {
	s := &data.Set{N: n, H: 8, W: 8, C: 1, Pixels: make([]byte, n*64), Labels: make([]int32, n)}
	for i := range s.Pixels {
		s.Pixels[i] = byte(data.Key(seed, data.StreamAugment, 0, i))
	}
	for i := range s.Labels {
		s.Labels[i] = int32(i % 3)
	}
	return s
}

// trained runs 3 epochs of 5 steps on the CPU and records everything. If stop is a step, the run is stopped there and
// resumed.
func trained(t *testing.T, stop int64) *train.Result {
	t.Helper()
	file := picture(t)
	options := func() (o train.Options) {
		o.Source = &data.Source{
			Name: "noise", ClassNames: []string{"a", "b", "c"}, Train: noise(90, 1), Test: noise(20, 2), Checksum: "c",
		}
		var run *train.StartInfo
		read := func(v nn.Value) ([]float32, error) {
			x := make([]float32, run.Graph.Type(v).Shape.Elems())
			return x, run.Exec.Read(nn.Ref{Value: v, Role: nn.Grad}, nn.Bytes(x))
		}
		o.Hooks = train.Join(
			train.Hooks{Start: func(s *train.StartInfo) error { run = s; return nil }},
			Hooks("", Options{
				Every: 2, Weights: true, Gradients: read,
				Images: func(*train.EpochInfo) (func() ([]Image, error), error) {
					return func() ([]Image, error) { return []Image{{"predictions", file}}, nil }, nil
				},
			}))
		return o
	}
	c := train.Defaults()
	c.Device, c.Threads = device.CPU, 1
	c.Options, c.Epochs, c.BatchSize, c.Val, c.CheckpointSeconds = "base_channels=2 hidden=8", 3, 16, "20", 0
	c.Output = t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := options()
	o.Hooks = train.Join(o.Hooks, train.Hooks{Step: func(s *train.StepInfo) error {
		if s.GlobalStep == stop {
			cancel()
		}
		return nil
	}})
	r, err := train.Run(ctx, c, o)
	if stop > 0 {
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatalf("run stopped at step %d: %v, want it to be interrupted", stop, err)
		}
		r, err = train.Resume(context.Background(), c.Output, options())
	}
	must(t, err)
	return r
}

// A point is a scalar at a step.
type point struct {
	Step  int64
	Value float64
}

// checkScalars wants the results of each epoch at its last step, and any further values at steps that ascend from 1.
func checkScalars(t *testing.T, scalars map[string][]point, r *train.Result) {
	t.Helper()
	for tag, of := range map[string]func(*train.Row) float64{
		lossTrain:     func(r *train.Row) float64 { return r.Train.Loss },
		accuracyTrain: func(r *train.Row) float64 { return r.Train.Accuracy },
		lossVal:       func(r *train.Row) float64 { return r.Val.Loss },
		accuracyVal:   func(r *train.Row) float64 { return r.Val.Accuracy },
		learningRate:  func(r *train.Row) float64 { return r.LR },
		speed:         func(r *train.Row) float64 { return r.ImagesPerSecond },
	} {
		values := scalars[tag]
		ascend := true
		for i := 1; i < len(values); i++ {
			ascend = ascend && values[i].Step > values[i-1].Step
		}
		first := int64(1)
		if strings.HasSuffix(tag, "/val") {
			first = 5
		}
		if !ascend || len(values) < 3 || values[0].Step != first {
			t.Errorf("%s: %v, want steps that ascend from %d", tag, values, first)
		}
		for i := range r.Rows {
			row := &r.Rows[i]
			if want := (point{row.Step, float64(float32(of(row)))}); !slices.Contains(values, want) {
				t.Errorf("%s: %v, want %v among them", tag, values, want)
			}
		}
	}
	last := r.Rows[2].Step
	for tag, want := range map[string]float64{lossTest: r.Test.Loss, accuracyTest: r.Test.Accuracy} {
		if got := scalars[tag]; len(got) != 1 || got[0] != (point{last, float64(float32(want))}) {
			t.Errorf("%s: %v, want %g at step %d", tag, got, want, last)
		}
	}
}

// The file of a real run has its results and the histograms of its weights.
func TestRun(t *testing.T) {
	r := trained(t, 0)
	all := files(t, r.Dir)
	if len(all) != 1 {
		t.Fatalf("event files %q, want one", all)
	}
	scalars := map[string][]point{}
	sums := map[string]float64{} // of the last histogram of each tag
	for _, e := range eventsOf(t, all[0]) {
		if !e.has(5) {
			continue
		}
		for _, v := range e.messages(t, 5)[0].messages(t, 1) {
			tag := v.string(1)
			switch {
			case v.has(2):
				scalars[tag] = append(scalars[tag], point{e.int(2), float64(v.float(2))})
			case v.has(5):
				sums[tag] = v.messages(t, 5)[0].double(5)
			}
		}
	}
	checkScalars(t, scalars, r)
	f, err := safetensors.Open(r.LastWeights)
	must(t, err)
	defer f.Close()
	trainable := 0
	for _, tensor := range f.Tensors {
		values, err := f.Float32(tensor.Name)
		must(t, err)
		want := 0.0
		for _, x := range values {
			want += float64(x) * float64(x)
		}
		if got, ok := sums[weights+tensor.Name]; !ok || got != want {
			t.Errorf("%s: the last histogram's sum of squares is %g, want %g", tensor.Name, got, want)
		}
		gradient, ok := sums[gradients+tensor.Name]
		if ok == strings.Contains(tensor.Name, "running_") || math.IsNaN(gradient) {
			t.Errorf("%s: gradients recorded: %v, squares %g", tensor.Name, ok, gradient)
		}
		if gradient > 0 {
			trainable++
		}
	}
	if trainable < 20 {
		t.Errorf("%d parameters have gradients other than zero, want most of them", trainable)
	}
}
