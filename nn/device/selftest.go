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

// Agreement is the distance between the results of two backends for one part of a step.
type Agreement struct {
	What     string  `json:"what"`     // logits, loss, gradients or weights
	Distance float64 `json:"distance"` // ||got - want|| / ||want|| over all of them
	Bound    float64 `json:"bound"`    // the largest distance that rounding explains
}

// OK says whether rounding explains the distance.
func (a Agreement) OK() bool { return a.Distance <= a.Bound }

// Comparison is the result of SelfTest.
type Comparison struct {
	Fused   bool        `json:"fused"`             // ops of the first backend shared kernels
	Variant string      `json:"variant,omitempty"` // how it took the step: "fused, one stream"
	Parts   []Agreement `json:"parts"`
}

// OK says whether rounding explains every distance.
func (c *Comparison) OK() bool {
	return !slices.ContainsFunc(c.Parts, func(a Agreement) bool { return !a.OK() })
}

// SelfTest takes one training step of fashion-resnet, with few hidden features, on two backends from the same weights,
// images and labels. It compares the results of a with those of b: logits, loss, all gradients together, and all
// weights and running statistics after the step. The network has enough channels for fused kernels. It is an error if a
// result of a is not finite.
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
	c := &Comparison{Fused: got.fused, Variant: got.variant}
	for i, w := range want.parts {
		c.Parts = append(c.Parts, Agreement{What: w.what, Distance: distance(got.parts[i].values, w.values),
			Bound: selfTestBounds[a.Info().Precision][i]})
	}
	return c, nil
}

// selfTestBounds are twice, in float32 twenty times, the largest distance that SelfTest finds between package nntest's
// float64 reference with and without rounding noise, in twenty runs. The noise changes each result by up to the
// roundoff: 2^-24 in float32, 2^-11 in TF32 and float16, 2^-8 in bfloat16. In float32 the bounds of gradients, and so
// of weights, are larger: an activation within rounding of zero may pass a ReLU on one backend and not on the other.
// That happened in none of those runs; with noise of 2^-20 one such activation changed the gradients by up to 0.4 %.
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

// tested is the result of a backend's step.
type tested struct {
	parts   []part
	fused   bool
	variant string
}

const selfTestBatch = 8

// testStep takes the step of SelfTest and returns its results.
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
		r.fused, r.variant = i.Fused(nn.Train), i.Variant(nn.Train)
	}
	params := optimizer.StepParams(1, 0.1)
	steps := 1
	if _, ok := exec.(nn.Async); ok {
		steps = maxScaleSteps // the first ones may only lower the loss scale and skip the update
	}
	for range steps {
		if err := nn.Initialize(exec, g, 1); err != nil {
			return r, err
		}
		if err := writeTestBatch(exec, g, params); err != nil {
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

// maxScaleSteps steps halve a loss scale of 2^24 to 1.
const maxScaleSteps = 25

// firstNotFinite names the first part with NaN or infinity, or is "".
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

func writeTestBatch(exec nn.Executor, g *nn.Graph, params nn.StepParams) error {
	pixels := make([]byte, g.Elems(g.Images, selfTestBatch))
	for i := range pixels {
		pixels[i] = byte(data.Key(1, data.StreamAugment, 0, i))
	}
	labels := make([]int32, selfTestBatch)
	for i := range labels {
		labels[i] = 3 // one class for all, so that their gradients add up while rounding noise averages out
	}
	for _, w := range []struct {
		nn.Value
		p []byte
	}{
		{g.Images, pixels}, {g.Labels, nn.Bytes(labels)}, {nn.StepParamsValue, nn.Bytes(params[:])},
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
