package bench

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
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
	ISA        string  `json:"isa"`
	Threads    int     `json:"threads"`
	PeakGFLOPS float64 `json:"peak_gflops"` // fused multiply-adds on that many threads, measured
}

func thisMachine() Machine {
	return Machine{
		CPU: cpuName(), Cores: runtime.NumCPU(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Go: runtime.Version(), Version: Version(),
	}
}

// Version is the program's version as the Go tool stamped it: a tag, or a
// commit's pseudo-version with "+dirty" where files had changed, or "devel".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// cpuName is the processor's name where the system tells it, as Linux does.
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
