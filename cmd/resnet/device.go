package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/kernels/cpu"
	"resnet/nn"
)

// deviceFlag is --device; workersFlag is -j.
func deviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Value: "auto", Usage: "auto or cpu", Action: checkDevice}
}

func workersFlag() cli.Flag {
	return &cli.IntFlag{Name: "workers", Aliases: []string{"j"}, Usage: workersUsage, DefaultText: "one per processor"}
}

func checkDevice(_ *cli.Context, name string) error {
	switch {
	case name == "auto" || name == "cpu":
		return nil
	case name == "cuda" || strings.HasPrefix(name, "cuda:"):
		return usagef("device %q: this build has no CUDA, want auto or cpu", name)
	}
	return usagef("device %q, want auto or cpu", name)
}

// chooseISA is the instruction set called name or, where that is empty, the one
// in the environment or the best.
func chooseISA(name string) (cpu.ISA, error) {
	if name != "" {
		isa, err := cpu.Choose(name)
		return isa, asUsage(err)
	}
	isa, err := cpu.Choose(os.Getenv(cpu.EnvISA))
	if err != nil {
		return isa, usageError{fmt.Errorf("$%s: %w", cpu.EnvISA, err)}
	}
	return isa, nil
}

// openBackend is the device that --device and -j ask for.
func openBackend(c *cli.Context) (nn.Backend, error) {
	isa, err := chooseISA("")
	if err != nil {
		return nil, err
	}
	b, err := nn.NewCPU(nn.CPUConfig{Threads: c.Int("workers"), ISA: &isa})
	return b, asUsage(err)
}
