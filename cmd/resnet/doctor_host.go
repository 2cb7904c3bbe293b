package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"resnet/bench"
	"resnet/data"
	kernels "resnet/kernels/cpu"
	"resnet/nn"
	"resnet/nn/cpu"
)

// portableCPU is the CPU with kernels in plain Go, with which all other devices are compared.
func portableCPU() (nn.Backend, error) {
	isa := kernels.Portable
	return cpu.New(cpu.Config{Threads: 1, ISA: &isa})
}

// cpuDetails are the details of the CPU's finding.
type cpuDetails struct {
	Name       string   `json:"name"`
	Processors int      `json:"processors"`
	Threads    int      `json:"threads"`
	ISA        string   `json:"isa"`
	Supported  []string `json:"supported_isas"`
	HugePages  string   `json:"huge_pages"` // always, madvise or never; empty where the system does not tell
}

func examineCPU() []finding {
	isa, err := chooseISA("")
	if err != nil {
		return []finding{failed("cpu", err)}
	}
	b, err := cpu.New(cpu.Config{ISA: &isa})
	if err != nil {
		return []finding{failed("cpu", err)}
	}
	defer b.Close()
	m := bench.ThisMachine()
	d := cpuDetails{Name: m.CPU, Processors: m.Cores, Threads: b.Info().Threads, ISA: isa.String(),
		HugePages: hugePages()}
	for _, s := range kernels.Supported() {
		d.Supported = append(d.Supported, s.String())
	}
	f := finding{Name: "cpu", State: stateOK, Details: d,
		Text: fmt.Sprintf("%s, %d processors, %s, %d threads", d.Name, d.Processors, d.ISA, d.Threads)}
	if d.HugePages != "" {
		f.Text += ", huge pages: " + d.HugePages
	}
	if d.HugePages == "never" {
		f.Hint = "steps are a few percent faster with madvise in " + hugePagesFile
	}
	return []finding{f, examineStep(b, nn.FP32.String())}
}

const hugePagesFile = "/sys/kernel/mm/transparent_hugepage/enabled"

// hugePages is the choice that Linux shows in brackets: "always [madvise] never".
func hugePages() string {
	b, err := os.ReadFile(hugePagesFile)
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), "[")
	choice, _, _ := strings.Cut(rest, "]")
	return choice
}

func examineData(ctx context.Context) finding {
	f := finding{Name: "data", State: stateOK}
	info, err := data.Describe(ctx, data.Options{Dataset: data.FashionMNIST})
	if err != nil {
		f.State, f.Text, f.Hint = stateMissing, oneLine(err), "resnet data fetch"
		return f
	}
	f.Details = info
	if !info.OK() {
		f.State, f.Text = stateFailed, fmt.Sprintf("%s: not usable: %s", info.Dir, problem(info))
		return f
	}
	f.Text = fmt.Sprintf("%s, %s training and %s test images, verified, in %s",
		info.Dataset, thousands(int64(info.Train.N)), thousands(int64(info.Test.N)), info.Dir)
	return f
}
