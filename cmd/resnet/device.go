package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"resnet/kernels/cpu"
	"resnet/nn"
	"resnet/nn/train"
)

const (
	deviceUsage    = "auto, cpu, cuda or cuda:N; auto is a GPU where there is one"
	precisionUsage = "fp32, or on a GPU tf32, bf16, fp16"
)

// deviceFlags choose what computes, for commands other than train, which has
// some of them as settings.
func deviceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Value: train.DeviceAuto, Usage: deviceUsage},
		&cli.StringFlag{Name: "precision", Value: nn.FP32.String(), Usage: precisionUsage},
		deterministicFlag(), noGraphFlag(), workersFlag(),
	}
}

func deterministicFlag() cli.Flag {
	return &cli.BoolFlag{Name: "deterministic", Usage: "the same bits from a GPU each time; the CPU's are always", DisableDefaultText: true}
}

func noGraphFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-graph", Usage: "GPU: launch each kernel by itself", DisableDefaultText: true}
}

func checkFlag() cli.Flag {
	return &cli.BoolFlag{Name: "check", Usage: "GPU: after each step look for NaN and writes out of bounds; slow", DisableDefaultText: true}
}

func workersFlag() cli.Flag {
	return &cli.IntFlag{Name: "workers", Aliases: []string{"j"}, Usage: workersUsage, DefaultText: "one per processor"}
}

// deviceOf is the device that a command line asks for.
func deviceOf(c *cli.Context) (d train.DeviceConfig, o train.DeviceOptions, err error) {
	isa, err := chooseISA(c.String("isa"))
	if err != nil {
		return d, o, err
	}
	d = train.DeviceConfig{Device: c.String("device"), Precision: c.String("precision"), Deterministic: c.Bool("deterministic")}
	o = train.DeviceOptions{
		CPU:     nn.CPUConfig{Threads: c.Int("workers"), ISA: &isa},
		NoGraph: c.Bool("no-graph"), Check: c.Bool("check"), Log: notes(c),
	}
	return d, o, asUsage(d.Validate(o))
}

// notes writes lines to stderr, unless --quiet is given.
func notes(c *cli.Context) func(format string, args ...any) {
	return func(format string, args ...any) {
		if !c.Bool("quiet") {
			fmt.Fprintf(c.App.ErrWriter, format+"\n", args...)
		}
	}
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

// openBackend opens the device that a command line asks for.
func openBackend(c *cli.Context) (nn.Backend, error) {
	d, o, err := deviceOf(c)
	if err != nil {
		return nil, err
	}
	b, err := d.Open(o)
	if d.Device == train.DeviceCPU {
		err = asUsage(err) // of which only the number of threads can be wrong
	}
	return b, err
}
