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

const setImages = 40

// networkWithSets is a narrow network and two data sets on the device, the same each time.
func networkWithSets(t *testing.T, c cuda.Config, batch int) (*nn.Graph, nn.Executor) {
	t.Helper()
	g, e := narrowNetwork(t, openCUDA(c)(t), batch)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2 {
		images, labels := make([]byte, g.Elems(g.Images, setImages)), make([]int32, setImages)
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

// stepGroup is one or more steps on one set.
type stepGroup struct {
	set     int
	samples []data.Sample
	params  []nn.StepParams
}

// stepGroups makes a group of each number of steps; the learning rate differs from step to step.
func stepGroups(batch int, steps ...int) []stepGroup {
	rng := rand.New(rand.NewPCG(5, 6))
	var groups []stepGroup
	for i, n := range steps {
		group := stepGroup{set: i / 2 % 2}
		for range n {
			group.params = append(group.params, nn.StepParams{0.01 * rng.Float32()})
			for range batch {
				group.samples = append(group.samples, data.Sample{
					Index: int32(rng.IntN(setImages)), DY: int8(rng.IntN(5) - 2), DX: int8(rng.IntN(5) - 2),
					Flip: rng.IntN(2) == 1,
				})
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// trainedState returns all that training changes.
func trainedState(t *testing.T, g *nn.Graph, e nn.Executor) (
	tensors []safetensors.Tensor, metrics [2]float64, state []byte) {
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

// RunSteps with MaxSteps steps and with fewer, on one set and then on another, leaves the same bits as single steps.
func TestCUDARunSteps(t *testing.T) {
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
				g, single := networkWithSets(t, c, batch)
				_, grouped := networkWithSets(t, c, batch)
				maxSteps := grouped.(nn.Async).MaxSteps()
				if maxSteps < 2 {
					t.Fatalf("at most %d steps of a small network at once, want several", maxSteps)
				}
				for _, group := range stepGroups(batch, 1, maxSteps, maxSteps, maxSteps-1, maxSteps) {
					if err := grouped.(nn.Async).RunSteps(group.set, group.samples, group.params); err != nil {
						t.Fatal(err)
					}
					for i := range group.params {
						if err := errors.Join(
							single.(nn.Async).Assemble(group.set, group.samples[i*batch:(i+1)*batch]),
							single.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(group.params[i][:])),
							single.Run(nn.Train, batch),
						); err != nil {
							t.Fatal(err)
						}
					}
					want, wantMetrics, wantState := trainedState(t, g, single)
					got, gotMetrics, gotState := trainedState(t, g, grouped)
					sameTensors(t, got, want)
					if gotMetrics != wantMetrics || !bytes.Equal(gotState, wantState) {
						t.Fatalf("metrics %v and state %v, want %v and %v",
							gotMetrics, gotState, wantMetrics, wantState)
					}
				}
			})
		}
	}
}

func TestCUDARunStepsRefuses(t *testing.T) {
	const batch = 2
	_, e := networkWithSets(t, cuda.Config{}, batch)
	async := e.(nn.Async)
	maxSteps := async.MaxSteps()
	group := stepGroups(batch, maxSteps+1)[0]
	beyond := append([]data.Sample(nil), group.samples[:maxSteps*batch]...)
	beyond[len(beyond)-1].Index = setImages
	for range 2 { // before there is a graph, and after
		for want, err := range map[string]error{
			"set 2, want 0 to 1":             async.RunSteps(2, group.samples[:batch], group.params[:1]),
			"steps on 6 images, want 1 to":   async.RunSteps(0, group.samples[:3*batch], group.params[:2]),
			"0 steps on 0 images":            async.RunSteps(0, nil, nil),
			"steps on 34 images, want 1 to ": async.RunSteps(0, group.samples, group.params),
			"image 40, want 0 to 39":         async.RunSteps(0, beyond, group.params[:maxSteps]),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
		if err := async.RunSteps(0, group.samples[:maxSteps*batch], group.params[:maxSteps]); err != nil {
			t.Fatal(err)
		}
	}
}

// A snapshot and polled metrics are of the moment at which they were requested, whatever later steps did.
func TestCUDASnapshotAndMetrics(t *testing.T) {
	const batch = 3
	for _, p := range []nn.Precision{nn.FP32, nn.FP16} {
		t.Run(p.String(), func(t *testing.T) {
			c := cuda.Config{Precision: p, Deterministic: true}
			g, e := networkWithSets(t, c, batch)
			_, twin := networkWithSets(t, c, batch)
			for _, group := range stepGroups(batch, 5, 7) {
				for _, x := range []nn.Executor{e, twin} {
					if err := x.(nn.Async).RunSteps(group.set, group.samples, group.params); err != nil {
						t.Fatal(err)
					}
				}
				want, wantMetrics, wantState := trainedState(t, g, twin)
				if err := e.(nn.Async).RequestMetrics(); err != nil {
					t.Fatal(err)
				}
				s, err := e.(nn.Async).Snapshot()
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range []nn.Executor{e, twin} {
					if err := x.(nn.Async).RunSteps(group.set, group.samples, group.params); err != nil {
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
