package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/cuda"
	"resnet/nn/device"
)

const (
	deviceUsage    = "auto, cpu, cuda or cuda:N; auto is a GPU where there is one"
	fuseUsage      = "GPU: ops share kernels on tensor cores: auto (where that is faster), on, off; not in fp32"
	precisionUsage = "fp32, or on a GPU tf32, bf16, fp16"
)

// deviceFlags choose the device, for commands other than train, which has some of them as settings. tune is the default
// of --tune.
func deviceFlags(tune nn.TuneMode) []cli.Flag {
	return []cli.Flag{
		deviceFlag(device.Auto, deviceUsage), precisionFlag(),
		suggest(&cli.StringFlag{Name: "fuse", Value: cuda.FuseAuto.String(), Usage: fuseUsage}, cuda.FuseModes()...),
		deterministicFlag(), noGraphFlag(), tuneFlag(tune), workersFlag(),
	}
}

func deviceFlag(value, usage string) cli.Flag {
	return suggest(&cli.StringFlag{Name: "device", Value: value, Usage: usage}, device.Names()...)
}

func precisionFlag() cli.Flag {
	return suggest(&cli.StringFlag{Name: "precision", Value: nn.FP32.String(), Usage: precisionUsage},
		nn.Precisions()...)
}

func tuneFlag(mode nn.TuneMode) cli.Flag {
	f := choice("tune", mode.String(), "GPU: algorithms are measured where new, as measured before, or by heuristics",
		nn.TuneOn.String(), nn.TuneCached.String(), nn.TuneOff.String())
	f.EnvVars = []string{tuneVariable}
	return f
}

// tuneVariable is the environment variable that is used where --tune is not given, as in tests.
const tuneVariable = "RESNET_TUNE"

// tuneOf returns how algorithms are to be chosen; a command without --tune uses heuristics.
func tuneOf(c *cli.Context) (t nn.TuneConfig, err error) {
	t.Dir = tuneDir()
	if name := c.String("tune"); name != "" {
		t.Mode, err = nn.ParseTuneMode(name)
	}
	return t, asUsage(err)
}

// tuneDir is the directory of measurements, "" where the user has no cache directory: then none are kept.
func tuneDir() string {
	root, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(root, "resnet", "tuning")
}

func deterministicFlag() cli.Flag {
	return boolFlag("deterministic", "the same bits from a GPU each time; the CPU's are always")
}

func noGraphFlag() cli.Flag {
	return boolFlag("no-graph", "GPU: launch each kernel by itself")
}

func checkFlag() cli.Flag {
	return boolFlag("check", "GPU: after each op look for NaN and writes out of bounds; slow")
}

func workersFlag() cli.Flag {
	return &cli.IntFlag{Name: "workers", Aliases: []string{"j"}, Usage: workersUsage, DefaultText: "one per processor"}
}

// deviceOf is the device that a command line asks for.
func deviceOf(c *cli.Context) (d device.Config, o device.Options, err error) {
	isa, err := chooseISA(c.String("isa"))
	if err != nil {
		return d, o, err
	}
	tune, err := tuneOf(c)
	if err != nil {
		return d, o, err
	}
	d = device.Config{Device: c.String("device"), Precision: c.String("precision"),
		Deterministic: c.Bool("deterministic"), Fuse: c.String("fuse")}
	o = device.Options{
		CPU:     cpu.Config{Threads: atMostProcessors(c, c.Int("workers")), ISA: &isa},
		NoGraph: c.Bool("no-graph"), Check: c.Bool("check"), Tune: tune, Log: notes(c),
	}
	return d, o, asUsage(d.Validate(o))
}

// atMostProcessors is a number of threads, or that of the processors if it is above, which a note says.
func atMostProcessors(c *cli.Context, threads int) int {
	n := cpu.Processors()
	if threads <= n {
		return threads
	}
	notes(c)("note: %d threads (--workers): there are %d processors to use, so there are as many threads", threads, n)
	return n
}

// notes writes lines to stderr, unless --quiet is given.
func notes(c *cli.Context) func(format string, args ...any) {
	return func(format string, args ...any) {
		if !c.Bool("quiet") {
			fmt.Fprintln(c.App.ErrWriter, printable(fmt.Sprintf(format, args...)))
		}
	}
}

// chooseISA is the instruction set called name or, where that is empty, the one in the environment or the best.
func chooseISA(name string) (kernels.ISA, error) {
	if name != "" {
		isa, err := kernels.Choose(name)
		return isa, asUsage(err)
	}
	isa, err := kernels.Choose(os.Getenv(kernels.EnvISA))
	if err != nil {
		return isa, usageError{fmt.Errorf("$%s: %w", kernels.EnvISA, err)}
	}
	return isa, nil
}

// isaNames are the instruction sets that this machine has.
func isaNames() []string {
	var names []string
	for _, isa := range kernels.Supported() {
		names = append(names, isa.String())
	}
	return names
}

// openBackend opens the device that a command line asks for.
func openBackend(c *cli.Context) (nn.Backend, error) {
	d, o, err := deviceOf(c)
	if err != nil {
		return nil, err
	}
	b, err := d.Open(o)
	if d.Device == device.CPU {
		err = asUsage(err) // of which only the number of threads can be wrong
	}
	return b, err
}
