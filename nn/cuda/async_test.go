//go:build !nocuda

package cuda_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/safetensors"
	"resnet/nn/weights"
)

const heldImages = 40

// heldNetwork is a narrow network and two sets on the device, the same each time.
func heldNetwork(t *testing.T, c cuda.Config, batch int) (*nn.Graph, nn.Executor) {
	t.Helper()
	g, e := narrowNetwork(t, openCUDA(c)(t), batch)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2 {
		images, labels := make([]byte, g.Elems(g.Images, heldImages)), make([]int32, heldImages)
		for i := range images {
			images[i] = byte(rng.IntN(256))
		}
		for i := range labels {
			labels[i] = int32(rng.IntN(g.Classes))
		}
		if _, err := e.(nn.Async).Upload(images, labels); err != nil {
			t.Fatal(err)
		}
	}
	return g, e
}

// work is some steps on one set.
type work struct {
	set    int
	draws  []data.Sample
	hypers []nn.StepParams
}

// works are groups of so many steps; the learning rate is another at each step.
func works(batch int, steps ...int) []work {
	rng := rand.New(rand.NewPCG(5, 6))
	var ws []work
	for i, n := range steps {
		w := work{set: i / 2 % 2}
		for range n {
			w.hypers = append(w.hypers, nn.StepParams{0.01 * rng.Float32()})
			for range batch {
				w.draws = append(w.draws, data.Sample{Index: int32(rng.IntN(heldImages)), DY: int8(rng.IntN(5) - 2), DX: int8(rng.IntN(5) - 2), Flip: rng.IntN(2) == 1})
			}
		}
		ws = append(ws, w)
	}
	return ws
}

// everything is all that training changes.
func everything(t *testing.T, g *nn.Graph, e nn.Executor) (tensors []safetensors.Tensor, metrics [2]float64, state []byte) {
	t.Helper()
	tensors, err1 := weights.ReadTensors(e, g, nn.Momentum)
	err2 := e.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(metrics[:]))
	state, err3 := e.(nn.Async).State()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return tensors, metrics, state
}

func sameTensors(t *testing.T, got, want []safetensors.Tensor) {
	t.Helper()
	for i := range want {
		if !bytes.Equal(got[i].Data, want[i].Data) {
			t.Fatalf("%s differs", want[i].Name)
		}
	}
}

// Steps in groups, whole and broken ones, on one set and then on another, leave
// the bits of as many single steps.
func TestCUDASteps(t *testing.T) {
	const batch = 3
	for _, p := range []nn.Precision{nn.FP32, nn.TF32, nn.BF16, nn.FP16} {
		for _, c := range []cuda.Config{
			{Precision: p, Deterministic: true},
			{Precision: p, Deterministic: true, NoGraph: true},
		} {
			name := p.String()
			if c.NoGraph {
				name += " without graphs"
			}
			t.Run(name, func(t *testing.T) {
				g, single := heldNetwork(t, c, batch)
				_, grouped := heldNetwork(t, c, batch)
				most := grouped.(nn.Async).MaxSteps()
				if most < 2 {
					t.Fatalf("at most %d steps of a small network at once, want several", most)
				}
				for _, w := range works(batch, 1, most, most, most-1, most) {
					if err := grouped.(nn.Async).RunSteps(w.set, w.draws, w.hypers); err != nil {
						t.Fatal(err)
					}
					for i := range w.hypers {
						if err := errors.Join(
							single.(nn.Async).Assemble(w.set, w.draws[i*batch:(i+1)*batch]),
							single.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(w.hypers[i][:])),
							single.Run(nn.Train, batch),
						); err != nil {
							t.Fatal(err)
						}
					}
					want, wantMetrics, wantState := everything(t, g, single)
					got, gotMetrics, gotState := everything(t, g, grouped)
					sameTensors(t, got, want)
					if gotMetrics != wantMetrics || !bytes.Equal(gotState, wantState) {
						t.Fatalf("metrics %v and state %v, want %v and %v", gotMetrics, gotState, wantMetrics, wantState)
					}
				}
			})
		}
	}
}

func TestCUDAStepsRefuse(t *testing.T) {
	const batch = 2
	_, e := heldNetwork(t, cuda.Config{}, batch)
	r := e.(nn.Async)
	most := r.MaxSteps()
	w := works(batch, most+1)[0]
	beyond := append([]data.Sample(nil), w.draws[:most*batch]...)
	beyond[len(beyond)-1].Index = heldImages
	for range 2 { // before there are graphs, and after
		for want, err := range map[string]error{
			"set 2, want 0 to 1":             r.RunSteps(2, w.draws[:batch], w.hypers[:1]),
			"steps on 6 images, want 1 to":   r.RunSteps(0, w.draws[:3*batch], w.hypers[:2]),
			"0 steps on 0 images":            r.RunSteps(0, nil, nil),
			"steps on 34 images, want 1 to ": r.RunSteps(0, w.draws, w.hypers),
			"image 40, want 0 to 39":         r.RunSteps(0, beyond, w.hypers[:most]),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
		if err := r.RunSteps(0, w.draws[:most*batch], w.hypers[:most]); err != nil {
			t.Fatal(err)
		}
	}
}

// A snapshot and an answer are of the moment that they were asked for, whatever
// the steps after it did.
func TestCUDASnapshotAndPeek(t *testing.T) {
	const batch = 3
	for _, p := range []nn.Precision{nn.FP32, nn.FP16} {
		t.Run(p.String(), func(t *testing.T) {
			c := cuda.Config{Precision: p, Deterministic: true}
			g, e := heldNetwork(t, c, batch)
			_, still := heldNetwork(t, c, batch)
			for _, w := range works(batch, 5, 7) {
				for _, x := range []nn.Executor{e, still} {
					if err := x.(nn.Async).RunSteps(w.set, w.draws, w.hypers); err != nil {
						t.Fatal(err)
					}
				}
				want, wantMetrics, wantState := everything(t, g, still)
				if err := e.(nn.Async).RequestMetrics(); err != nil {
					t.Fatal(err)
				}
				s, err := e.(nn.Async).Snapshot()
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range []nn.Executor{e, still} {
					if err := x.(nn.Async).RunSteps(w.set, w.draws, w.hypers); err != nil {
						t.Fatal(err)
					}
				}
				got, err := weights.ReadTensors(s, g, nn.Momentum)
				if err != nil {
					t.Fatal(err)
				}
				sameTensors(t, got, want)
				if state, err := s.State(); err != nil || !bytes.Equal(state, wantState) {
					t.Errorf("state %v, %v, want %v", state, err, wantState)
				}
				metrics, ok, err := e.(nn.Async).PollMetrics()
				for ; !ok && err == nil; metrics, ok, err = e.(nn.Async).PollMetrics() {
					time.Sleep(time.Millisecond)
				}
				if err != nil || metrics != wantMetrics {
					t.Errorf("metrics %v, %v, want %v", metrics, err, wantMetrics)
				}
				weight := g.Parameters()[0]
				if err := s.Read(nn.Ref{Value: weight, Role: nn.Grad}, make([]byte, 4*g.Elems(weight, 1))); err == nil {
					t.Error("a snapshot gave a gradient")
				}
			}
		})
	}
}
