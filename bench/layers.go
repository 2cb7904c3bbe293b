package bench

import (
	"context"
	"fmt"
	"strings"

	"resnet/nn"
)

// Layer is the time of one op in one phase of a step, summed over the threads of a CPU and averaged over steps. These
// run after the timed ones, because profiling slows a step down and a GPU then launches kernels one by one, all those
// of a step before the first starts.
type Layer struct {
	Node   string  `json:"node"`
	Kind   string  `json:"kind"`
	Phase  string  `json:"phase"`            // forward, backward, update
	Shared bool    `json:"shared,omitempty"` // kernels of other ops do its work, and their time includes it
	Ms     float64 `json:"ms_per_step"`
	Share  float64 `json:"share"` // of the time of all layers
	MFLOP  float64 `json:"mflop"` // 0: not counted
	GFLOPS float64 `json:"gflops"`
	// MB is the least number of 1e6 bytes that the op moves; see nn.Plan.BytesMoved.
	MB  float64 `json:"mb"`
	GBS float64 `json:"gb_per_second"`
	// CopyShare and ProductShare are GBS and GFLOPS as shares of the GPU's roofline. An op far below both is limited by
	// neither: it waits, or does more than necessary.
	CopyShare    float64 `json:"copy_share,omitempty"`
	ProductShare float64 `json:"product_share,omitempty"`
}

// layers profiles steps for the given number of seconds.
func (s *stepper) layers(ctx context.Context, seconds float64, m *Machine) ([]Layer, error) {
	p, ok := s.exec.(nn.Instrumented)
	if !ok {
		return nil, fmt.Errorf("bench: this device has no times by layer")
	}
	p.Profile(true)
	defer p.Profile(false)
	times, err := s.runFor(ctx, seconds, minWindows)
	if err != nil {
		return nil, err
	}
	return newLayers(p.Profiled(), len(times)*s.window, m), nil
}

// newLayers turns times summed over steps into layers.
func newLayers(profiled []nn.InstructionTime, steps int, m *Machine) []Layer {
	total := 0.0
	for _, t := range profiled {
		total += t.Seconds
	}
	layers := make([]Layer, len(profiled))
	for i, t := range profiled {
		n := float64(steps)
		l := Layer{
			Node: t.Node, Kind: t.Kind, Phase: t.Phase.String(), Shared: t.Shared,
			Ms: 1e3 * t.Seconds / n, MFLOP: float64(t.FLOPs) / n / 1e6, MB: float64(t.Bytes) / n / 1e6,
		}
		if t.Seconds > 0 {
			l.Share, l.GFLOPS, l.GBS = t.Seconds/total, float64(t.FLOPs)/t.Seconds/1e9, float64(t.Bytes)/t.Seconds/1e9
		}
		if g := m.GPU; g != nil && g.CopyGBPerSecond > 0 {
			l.CopyShare, l.ProductShare = l.GBS/g.CopyGBPerSecond, l.GFLOPS/g.ProductGFLOPS
		}
		layers[i] = l
	}
	return layers
}

func (r *Result) writeLayers(b *strings.Builder, m *Machine) {
	if len(r.Layers) == 0 {
		return
	}
	of, roofline := "time, GFLOP/s and GB/s of one thread, summed and averaged over threads", false
	if g := m.GPU; g != nil {
		of, roofline = "kernels launched one by one", g.CopyGBPerSecond > 0
	}
	fmt.Fprintf(b, "\n%s, batch size %d, by layer (%s)\n", r.Phase, r.BatchSize, of)
	fmt.Fprintf(b, "%-24s %-22s %-9s %10s %7s %9s %9s %9s %9s", "node", "kind", "phase", "ms/step", "share", "MFLOP",
		"GFLOP/s", "MB", "GB/s")
	if roofline {
		fmt.Fprintf(b, " %8s %8s", "of copy", "of product")
	}
	b.WriteByte('\n')
	for _, l := range r.Layers {
		timed := func(format string, x float64) string {
			if l.Shared {
				return "-"
			}
			return fmt.Sprintf(format, x)
		}
		fmt.Fprintf(b, "%-24s %-22s %-9s %10s %7s %9.1f %9s %9.3f %9s", l.Node, l.Kind, l.Phase,
			timed("%.4f", l.Ms), percent(l.Share, !l.Shared), l.MFLOP, timed("%.1f", l.GFLOPS), l.MB,
			timed("%.1f", l.GBS))
		if roofline {
			fmt.Fprintf(b, " %8s %10s", percent(l.CopyShare, !l.Shared), percent(l.ProductShare, !l.Shared))
		}
		b.WriteByte('\n')
	}
}
