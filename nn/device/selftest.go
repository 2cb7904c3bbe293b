package device

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/models"
)

// Agreement is how near two backends come to each other in a part of a step.
type Agreement struct {
	What     string  `json:"what"`     // logits, loss, gradients or weights
	Distance float64 `json:"distance"` // ||got - want|| / ||want|| over all of them
	Bound    float64 `json:"bound"`    // what rounding explains
}

// OK says whether the distance is one that rounding explains.
func (a Agreement) OK() bool { return a.Distance <= a.Bound }

// Comparison is what SelfTest found.
type Comparison struct {
	Fused bool        `json:"fused"` // the first backend's ops shared kernels
	Parts []Agreement `json:"parts"`
}

// OK says whether rounding explains every distance.
func (c *Comparison) OK() bool {
	return !slices.ContainsFunc(c.Parts, func(a Agreement) bool { return !a.OK() })
}

// SelfTest takes one training step of the seed network, with fewer features, on two backends, from the same weights,
// images and labels, and compares what a computes with what b does: logits, loss, all gradients as one, and weights and
// running statistics after the step. The network is wide enough for the kernels that ops share. What is not finite is
// an error.
func SelfTest(a, b nn.Backend) (*Comparison, error) {
	got, err := testStep(a)
	if err != nil {
		return nil, fmt.Errorf("device: self-test: %w", err)
	}
	want, err := testStep(b)
	if err != nil {
		return nil, fmt.Errorf("device: self-test: %w", err)
	}
	if what := firstNotFinite(got.parts); what != "" {
		return nil, fmt.Errorf("device: self-test: %s: %s hold NaN or infinity", a.Name(), what)
	}
	c := &Comparison{Fused: got.fused}
	for i, w := range want.parts {
		c.Parts = append(c.Parts, Agreement{What: w.what, Distance: distance(got.parts[i].values, w.values),
			Bound: selfTestBounds[a.Info().Precision][i]})
	}
	return c, nil
}

// selfTestBounds are twice, in float32 twenty times, the largest distance that SelfTest finds between package nntest's
// float64 reference with rounding noise and the one without, in twenty draws, each result off by up to the roundoff:
// 2^-24, 2^-11 in TF32 and float16, 2^-8. Float32's gradients and with them weights get more: an activation within
// rounding of zero may pass a ReLU on one side and not on the other, which none did in those draws, and one such was
// worth up to 0.4 % of the gradients with noise of 2^-20.
var selfTestBounds = [...][4]float64{
	nn.FP32: {1.4e-5, 1.8e-6, 0.02, 0.002},
	nn.TF32: {0.011, 9e-4, 0.4, 0.033},
	nn.FP16: {0.011, 9e-4, 0.4, 0.033},
	nn.BF16: {0.082, 7e-3, 0.84, 0.069},
}

type part struct {
	what   string
	values []float32
}

// tested is what a backend computed, and how.
type tested struct {
	parts []part
	fused bool
}

const selfTestBatch = 8

// testStep is the step of SelfTest: what it computes, part by part.
func testStep(b nn.Backend) (r tested, err error) {
	g, err := models.Build(models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=16 hidden=16"})
	if err != nil {
		return r, err
	}
	optimizer := nn.SGD{Momentum: 0.9, Nesterov: true}
	exec, err := b.Compile(g, nn.PlanConfig{Batch: selfTestBatch, Optimizer: optimizer})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, exec.Close()) }()
	if i, ok := exec.(nn.Instrumented); ok {
		r.fused = i.Fused(nn.Train)
	}
	hyper := optimizer.StepParams(1, 0.1)
	steps := 1
	if _, ok := exec.(nn.Async); ok {
		steps = maxScaleSteps // the first ones may find a loss scale and change no weights
	}
	for range steps {
		if err := nn.Initialize(exec, g, 1); err != nil {
			return r, err
		}
		if err := writeTestBatch(exec, g, hyper); err != nil {
			return r, err
		}
		if err := exec.Run(nn.Train, selfTestBatch); err != nil {
			return r, err
		}
		if r.parts, err = readParts(exec, g); err != nil || firstNotFinite(r.parts) == "" {
			break
		}
	}
	return r, err
}

// maxScaleSteps halve a loss scale of 2^24 to 1.
const maxScaleSteps = 25

// firstNotFinite names a part that holds NaN or infinity, or is "".
func firstNotFinite(parts []part) string {
	for _, p := range parts {
		for _, x := range p.values {
			if x := float64(x); math.IsNaN(x) || math.IsInf(x, 0) {
				return p.what
			}
		}
	}
	return ""
}

func writeTestBatch(exec nn.Executor, g *nn.Graph, hyper nn.StepParams) error {
	pixels := make([]byte, g.Elems(g.Images, selfTestBatch))
	for i := range pixels {
		pixels[i] = byte(data.Key(1, data.StreamAugment, 0, i))
	}
	labels := make([]int32, selfTestBatch)
	for i := range labels {
		labels[i] = 3 // one class, so that gradients add up and their noise does not
	}
	for _, w := range []struct {
		nn.Value
		p []byte
	}{
		{g.Images, pixels}, {g.Labels, nn.Bytes(labels)}, {nn.StepParamsValue, nn.Bytes(hyper[:])},
		{nn.MetricsValue, make([]byte, 16)},
	} {
		if err := exec.Write(nn.Ref{Value: w.Value}, w.p); err != nil {
			return err
		}
	}
	return nil
}

func readParts(exec nn.Executor, g *nn.Graph) ([]part, error) {
	parts := []part{{what: "logits"}, {what: "loss"}, {what: "gradients"}, {what: "weights"}}
	read := func(p *part, r nn.Ref, n int) error {
		x := make([]float32, n)
		err := exec.Read(r, nn.Bytes(x))
		p.values = append(p.values, x...)
		return err
	}
	if err := read(&parts[0], nn.Ref{Value: g.Logits}, selfTestBatch*g.Classes); err != nil {
		return nil, err
	}
	var metrics [2]float64
	if err := exec.Read(nn.Ref{Value: nn.MetricsValue}, nn.Bytes(metrics[:])); err != nil {
		return nil, err
	}
	parts[1].values = []float32{float32(metrics[0])}
	for _, v := range g.Parameters() {
		if g.Param(v).Trainable {
			if err := read(&parts[2], nn.Ref{Value: v, Role: nn.Grad}, g.Elems(v, 1)); err != nil {
				return nil, err
			}
		}
		if err := read(&parts[3], nn.Ref{Value: v}, g.Elems(v, 1)); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// distance is ||got - want|| / ||want||.
func distance(got, want []float32) float64 {
	var d, n float64
	for i, w := range want {
		d += (float64(got[i]) - float64(w)) * (float64(got[i]) - float64(w))
		n += float64(w) * float64(w)
	}
	return math.Sqrt(d / n)
}
