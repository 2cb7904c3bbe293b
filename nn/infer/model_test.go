package infer_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/device"
	"resnet/nn/infer"
)

// weightsFile writes a network of three classes and returns the path of the file.
func weightsFile(t *testing.T, classes []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := writeWeights(path, classes); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPredictConcurrently: goroutines that use a model at the same time get the probabilities that they get alone, also
// with more images than a batch.
func TestPredictConcurrently(t *testing.T) {
	model, err := infer.Open(weightsFile(t, nil), device.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	const goroutines = 8
	var pixels [goroutines][]byte
	var want [goroutines][][]float32
	for i := range pixels {
		pixels[i] = make([]byte, (1+10*i)*8*8) // 1 to 71 images
		for k := range pixels[i] {
			pixels[i][k] = byte(rng.IntN(256))
		}
		if want[i], err = model.Predict(pixels[i]); err != nil || len(want[i]) != 1+10*i {
			t.Fatalf("%d images: %d results (%v)", 1+10*i, len(want[i]), err)
		}
	}
	if slices.Equal(want[1][0], want[2][0]) {
		t.Error("two images have the same probabilities")
	}
	var all sync.WaitGroup
	for i := range pixels {
		all.Go(func() {
			for range 5 {
				got, err := model.Predict(pixels[i])
				if err != nil || !slices.EqualFunc(got, want[i], slices.Equal) {
					t.Errorf("%d images: other probabilities than alone (%v)", len(got), err)
				}
			}
		})
	}
	all.Wait()
}

// closing counts how often a backend and its executors are closed.
type closing struct {
	nn.Backend
	backend, executors int
}

type closingExecutor struct {
	nn.Executor
	closed *int
}

func (b *closing) Compile(g *nn.Graph, c nn.PlanConfig) (nn.Executor, error) {
	e, err := b.Backend.Compile(g, c)
	if err != nil {
		return nil, err
	}
	return closingExecutor{e, &b.executors}, nil
}

func (b *closing) Close() error { b.backend++; return b.Backend.Close() }

func (e closingExecutor) Close() error { *e.closed++; return e.Executor.Close() }

// TestOpenOnCloses: after an error the backend, and the executor if there is one, are closed once; a model closes both.
func TestOpenOnCloses(t *testing.T) {
	good := weightsFile(t, nil)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.safetensors")
	whole[len(whole)-1] ^= 1
	if err := os.WriteFile(damaged, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		batch      int
		executors  int
	}{
		{"no file", filepath.Join(t.TempDir(), "none"), 1, 0},
		{"no batch", good, 0, 0},
		{"damaged weights", damaged, 1, 1},
	} {
		b := openClosing(t)
		if m, err := infer.OpenOn(b, c.path, c.batch); err == nil || m != nil {
			t.Errorf("%s: model %v, error %v", c.name, m, err)
		}
		if b.backend != 1 || b.executors != c.executors {
			t.Errorf("%s: backend closed %d times, executors %d, want 1 and %d", c.name, b.backend, b.executors,
				c.executors)
		}
	}
	b := openClosing(t)
	m, err := infer.OpenOn(b, good, 1)
	if err != nil || b.backend != 0 || b.executors != 0 {
		t.Fatalf("%v, closed %d and %d times", err, b.backend, b.executors)
	}
	if err := m.Close(); err != nil || b.backend != 1 || b.executors != 1 {
		t.Errorf("%v, closed %d and %d times, want once each", err, b.backend, b.executors)
	}
}

func openClosing(t *testing.T) *closing {
	t.Helper()
	b, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &closing{Backend: b}
}

// TestClasses: without names in the file the classes are numbers.
func TestClasses(t *testing.T) {
	for _, c := range []struct{ names, want []string }{
		{[]string{"boot", "sandal", "sneaker"}, []string{"boot", "sandal", "sneaker"}},
		{nil, []string{"0", "1", "2"}},
	} {
		model, err := infer.Open(weightsFile(t, c.names), device.CPU)
		if err != nil {
			t.Fatal(err)
		}
		if got := model.Classes(); !slices.Equal(got, c.want) {
			t.Errorf("classes %q, want %q", got, c.want)
		}
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	}
}
