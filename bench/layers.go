package bench

import (
	"context"
	"fmt"
	"strings"

	"resnet/nn"
)

// Layer is what one op took in one phase of a step, summed over the CPU's
// threads and averaged over steps that were run for it after the timed ones:
// taking the time costs time, and a GPU then launches kernel by kernel.
type Layer struct {
	Node   string  `json:"node"`
	Kind   string  `json:"kind"`
	Phase  string  `json:"phase"` // forward, backward, update
	Ms     float64 `json:"ms_per_step"`
	Share  float64 `json:"share"` // of all layers' time
	MFLOP  float64 `json:"mflop"` // 0 where an op's arithmetic is not counted
	GFLOPS float64 `json:"gflops"`
}

// layers profiles steps for so many seconds.
func (s *stepper) layers(ctx context.Context, seconds float64) ([]Layer, error) {
	p, ok := s.exec.(nn.Profiler)
	if !ok {
		return nil, fmt.Errorf("bench: this device has no times by layer")
	}
	p.Profile(true)
	defer p.Profile(false)
	times, err := s.runFor(ctx, seconds, minWindows)
	if err != nil {
		return nil, err
	}
	return newLayers(p.Profiled(), len(times)*s.window), nil
}

// newLayers turns sums over steps into layers.
func newLayers(profiled []nn.StepTime, steps int) []Layer {
	total := 0.0
	for _, t := range profiled {
		total += t.Seconds
	}
	layers := make([]Layer, len(profiled))
	for i, t := range profiled {
		l := Layer{Node: t.Node, Kind: t.Kind, Phase: t.Phase.String(), Ms: 1e3 * t.Seconds / float64(steps), MFLOP: float64(t.FLOPs) / float64(steps) / 1e6}
		if t.Seconds > 0 {
			l.Share, l.GFLOPS = t.Seconds/total, float64(t.FLOPs)/t.Seconds/1e9
		}
		layers[i] = l
	}
	return layers
}

func (r *Result) writeLayers(b *strings.Builder, m *Machine) {
	if len(r.Layers) == 0 {
		return
	}
	of := "time and GFLOP/s of one thread, summed and averaged over threads"
	if m.GPU != nil {
		of = "kernels launched one by one"
	}
	fmt.Fprintf(b, "\n%s, batch size %d, by layer (%s)\n", r.Phase, r.BatchSize, of)
	fmt.Fprintf(b, "%-24s %-22s %-9s %10s %7s %9s %9s\n", "node", "kind", "phase", "ms/step", "share", "MFLOP", "GFLOP/s")
	for _, l := range r.Layers {
		fmt.Fprintf(b, "%-24s %-22s %-9s %10.4f %6.1f%% %9.1f %9.1f\n", l.Node, l.Kind, l.Phase, l.Ms, 100*l.Share, l.MFLOP, l.GFLOPS)
	}
}
