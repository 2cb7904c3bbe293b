package bench

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"resnet/nn"
)

// Machine is what a measurement ran on.
type Machine struct {
	CPU        string  `json:"cpu"`
	Cores      int     `json:"cores"` // processors that this process may use
	OS         string  `json:"os"`
	Arch       string  `json:"arch"`
	Go         string  `json:"go"`
	Version    string  `json:"version"` // of this program
	Device     string  `json:"device"`
	ISA        string  `json:"isa"`           // only if the device is the CPU, as the next two
	Threads    int     `json:"threads"`       //
	PeakGFLOPS float64 `json:"peak_gflops"`   // measured peak of fused multiply-adds on that many threads
	GPU        *GPU    `json:"gpu,omitempty"` // nil if the device is the CPU
}

// GPU is the GPU that is the device, and the settings with which it was used.
type GPU struct {
	Name              string `json:"name"`
	ComputeCapability string `json:"compute_capability"`
	Multiprocessors   int    `json:"multiprocessors"`
	MemoryBytes       int64  `json:"memory_bytes"`
	Driver            string `json:"driver"` // the newest CUDA version that it supports
	CUDNN             string `json:"cudnn"`
	CUBLAS            string `json:"cublas"`
	Precision         string `json:"precision"`
	Deterministic     bool   `json:"deterministic"`
	Graph             bool   `json:"graph"`  // a step is one CUDA graph
	Tuning            string `json:"tuning"` // how algorithms were chosen

	// The roofline in this run, see nn.Roofline; 0: not measured.
	CopyGBPerSecond float64 `json:"copy_gb_per_second,omitempty"` // read and written
	ProductGFLOPS   float64 `json:"product_gflops,omitempty"`     // of a matrix product in the run's precision
}

// gpuOf describes the GPU of a backend; it is nil for a CPU.
func gpuOf(b nn.Backend, graph bool) *GPU {
	i := b.Info()
	d := i.GPU
	if d == nil {
		return nil
	}
	return &GPU{
		Name: d.Name, ComputeCapability: d.ComputeCapability, Multiprocessors: d.Multiprocessors, MemoryBytes: d.Memory,
		Driver: d.Driver, CUDNN: d.CUDNN, CUBLAS: d.CUBLAS,
		Precision: i.Precision.String(), Deterministic: i.Deterministic, Graph: graph, Tuning: d.Tuning.String(),
	}
}

// precision is that of activations and products.
func (m *Machine) precision() string {
	if m.GPU == nil {
		return nn.FP32.String()
	}
	return m.GPU.Precision
}

// peak is the measured peak of the device in GFLOP/s; 0: not measured.
func (m *Machine) peak() float64 {
	if m.GPU == nil {
		return m.PeakGFLOPS
	}
	return m.GPU.ProductGFLOPS
}

// device describes the device in one line, on a GPU with a second one for its roofline.
func (m *Machine) device() string {
	g := m.GPU
	if g == nil {
		return fmt.Sprintf("float32, %s, %d threads, peak %.0f GFLOP/s measured", m.ISA, m.Threads, m.PeakGFLOPS)
	}
	how := "CUDA graph"
	if !g.Graph {
		how = "no CUDA graph"
	}
	if g.Deterministic {
		how += ", deterministic"
	}
	how += ", tuning " + g.Tuning
	if g.CopyGBPerSecond > 0 {
		how += fmt.Sprintf("\nmeasured: copy %.0f GB/s read and written, product %.1f TFLOP/s", g.CopyGBPerSecond,
			g.ProductGFLOPS/1e3)
	}
	return fmt.Sprintf("%s, %s %s, compute capability %s, %d multiprocessors, %.1f GiB, CUDA %s, cuDNN %s, "+
		"cuBLAS %s, %s", g.Precision, m.Device, g.Name, g.ComputeCapability, g.Multiprocessors,
		float64(g.MemoryBytes)/(1<<30), g.Driver, g.CUDNN, g.CUBLAS, how)
}

// ThisMachine describes the machine without its device.
func ThisMachine() Machine {
	return Machine{
		CPU: cpuName(), Cores: runtime.NumCPU(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Go: runtime.Version(), Version: Version(),
	}
}

// Version is the program's version from the Go tool: a tag, or the pseudo-version of a commit, with "+dirty" if files
// were modified, or "devel".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// cpuName is the name of the processor, or "unknown" on systems other than Linux.
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
