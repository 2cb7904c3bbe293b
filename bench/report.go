package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"resnet/nn/models"
)

// Report is the result of Run.
type Report struct {
	Machine Machine       `json:"machine"`
	Model   models.Config `json:"model"`
	Cost    Cost          `json:"flops_per_image"`
	Results []Result      `json:"results"`

	Comparison *Comparison `json:"comparison,omitempty"` // with an earlier report
}

// Result is the measurement of one phase at one batch size. P5 and P95 are percentiles over the windows of the quantity
// in their name: ImagesPerSecondP5 is that of a slow window, MsPerStepP5 that of a fast one.
type Result struct {
	Phase     Phase `json:"phase"`
	BatchSize int   `json:"batch_size"`
	N         int   `json:"n"`                // number of timed steps
	Window    int   `json:"steps_per_window"` // steps that are timed together; 1 on a CPU

	ImagesPerSecond    float64 `json:"images_per_second"`
	ImagesPerSecondP5  float64 `json:"images_per_second_p5"`
	ImagesPerSecondP95 float64 `json:"images_per_second_p95"`
	MsPerStep          float64 `json:"ms_per_step"`
	MsPerStepP5        float64 `json:"ms_per_step_p5"`
	MsPerStepP95       float64 `json:"ms_per_step_p95"`

	GFLOPS float64 `json:"gflops"`
	// PeakShare is GFLOPS as a share of the measured peak: on a CPU that of fused multiply-adds, which Winograd's
	// algorithm may exceed, on a GPU that of a matrix product. 0: not measured.
	PeakShare float64 `json:"peak_share"`

	// WindowsMs are the times of a step in order, each the median of a group of windows; at most maxGroups.
	WindowsMs []float64 `json:"windows_ms"`

	GPU    *Usage  `json:"gpu,omitempty"`
	Layers []Layer `json:"layers,omitempty"`
}

// newResult summarises the times of a step in seconds, one for each window of so many steps.
func newResult(phase Phase, batch int, seconds []float64, window int, r *Report) Result {
	q := quantiles(seconds, 0.05, 0.5, 0.95)
	n := float64(batch)
	flops := r.Cost.Forward
	if phase == Train {
		flops = r.Cost.Train
	}
	res := Result{
		Phase: phase, BatchSize: batch, N: len(seconds) * window, Window: window,
		ImagesPerSecond: n / q[1], ImagesPerSecondP5: n / q[2], ImagesPerSecondP95: n / q[0],
		MsPerStep: 1e3 * q[1], MsPerStepP5: 1e3 * q[0], MsPerStepP95: 1e3 * q[2],
		GFLOPS: n / q[1] * float64(flops) / 1e9,
	}
	if peak := r.Machine.peak(); peak > 0 {
		res.PeakShare = res.GFLOPS / peak
	}
	for _, t := range grouped(seconds) {
		res.WindowsMs = append(res.WindowsMs, rounded(1e3*t))
	}
	return res
}

// Usage is how a GPU spends its time, from a timeline of further steps.
type Usage struct {
	// Kernels is the number of kernels, copies and fills of a step; see nn.Instrumented.
	Kernels int `json:"launches_per_step"`
	// DeviceMs is the time of a step on the device, from its first kernel to its last.
	DeviceMs float64 `json:"device_ms_per_step"`
	// IdleShare is nn.Timeline's Idle. In a latency it is the share of copies and of the host.
	IdleShare float64 `json:"idle_share"`
	// Fused says whether ops shared kernels; see nn.Instrumented.
	Fused bool `json:"fused"`
	// Variant names how a step is taken: "fused, one stream".
	Variant string `json:"variant,omitempty"`
}

// quantiles are the quantiles p of x, with linear interpolation.
func quantiles(x []float64, p ...float64) []float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	q := make([]float64, len(p))
	for i := range p {
		q[i] = stat.Quantile(p[i], stat.LinInterp, x, nil)
	}
	return q
}

// WriteJSON writes the report as one indented object.
func (r *Report) WriteJSON(w io.Writer) error { return writeIndented(w, r) }

// WriteGo writes the report in the format of Go's benchmarks, for benchstat.
func (r *Report) WriteGo(w io.Writer) error {
	m := r.Machine
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: resnet/bench\ncpu: %s\n", m.OS, m.Arch, m.CPU)
	threads := ""
	if g := m.GPU; g != nil {
		fmt.Fprintf(&b, "gpu: %s\nprecision: %s\n", g.Name, g.Precision)
	} else {
		fmt.Fprintf(&b, "isa: %s\n", m.ISA)
		threads = fmt.Sprintf("-%d", m.Threads)
	}
	if g := m.GPU; g != nil && g.CopyGBPerSecond > 0 {
		// These are not lines of configuration, because benchstat would treat runs as ones of different machines.
		fmt.Fprintf(&b, "BenchmarkRooflineCopy\t1\t%.1f GB/s\nBenchmarkRooflineProduct\t1\t%.1f GFLOP/s\n",
			g.CopyGBPerSecond, g.ProductGFLOPS)
	}
	for _, s := range r.Results {
		name := strings.ToUpper(string(s.Phase[:1])) + string(s.Phase[1:])
		fmt.Fprintf(&b, "Benchmark%s/batch=%d%s\t%d\t%.0f ns/op\t%.1f img/s\t%.1f GFLOP/s",
			name, s.BatchSize, threads, s.N, 1e6*s.MsPerStep, s.ImagesPerSecond, s.GFLOPS)
		if u := s.GPU; u != nil {
			fmt.Fprintf(&b, "\t%d launches/op\t%.2f %%idle", u.Kernels, 100*u.IdleShare)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteTable writes the report as a table for people, starting with the hardware.
func (r *Report) WriteTable(w io.Writer) error {
	m := &r.Machine
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores, %s/%s, %s, resnet %s\n", m.CPU, m.Cores, m.OS, m.Arch, m.Go, m.Version)
	fmt.Fprintf(&b, "%s, %s\n", r.Model.Model, m.device())
	fmt.Fprintf(&b, "%.1f MFLOP an image forward, %.1f a training step\n\n", float64(r.Cost.Forward)/1e6,
		float64(r.Cost.Train)/1e6)
	r.writeResults(&b)
	for _, s := range r.Results {
		s.writeLayers(&b, m)
	}
	if r.Comparison != nil {
		r.Comparison.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writeResults(b *strings.Builder) {
	onGPU := r.Machine.GPU != nil
	fmt.Fprintf(b, "%-7s %6s %10s %10s %10s %9s %9s %9s %9s %6s %7s",
		"phase", "batch", "img/s", "p5", "p95", "ms/step", "p5", "p95", "GFLOP/s", "peak", "n")
	if onGPU {
		fmt.Fprintf(b, " %8s %9s %6s", "launches", "device ms", "idle")
	}
	b.WriteByte('\n')
	for _, s := range r.Results {
		fmt.Fprintf(b, "%-7s %6d %10.1f %10.1f %10.1f %9.3f %9.3f %9.3f %9.1f %6s %7d",
			s.Phase, s.BatchSize, s.ImagesPerSecond, s.ImagesPerSecondP5, s.ImagesPerSecondP95,
			s.MsPerStep, s.MsPerStepP5, s.MsPerStepP95, s.GFLOPS, percent(s.PeakShare, r.Machine.peak() > 0), s.N)
		if u := s.GPU; u != nil {
			fmt.Fprintf(b, " %8d %9.4f %6s", u.Kernels, u.DeviceMs, percent(u.IdleShare, true))
		}
		b.WriteByte('\n')
	}
}

// percent is a share in percent, or a dash if it is not known.
func percent(share float64, known bool) string {
	if !known {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}
