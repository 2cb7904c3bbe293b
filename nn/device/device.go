package device

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/cuda"
)

// Names of devices. Any GPU is "cuda:" and its number, counted from 0.
const (
	Auto = "auto" // the first GPU that works, or else the CPU
	CPU  = "cpu"
	CUDA = "cuda" // the first GPU
)

// Names lists the devices that need no number.
func Names() []string { return []string{Auto, CPU, CUDA} }

// Config says what computes and how exactly: what a run's bits depend on.
type Config struct {
	Device    string `json:"device"`    // auto, cpu, cuda or cuda:N; config.json has what auto came to
	Precision string `json:"precision"` // fp32, tf32, bf16 or fp16; the CPU has fp32
	// Deterministic makes a GPU give the same bits each time, as the CPU always does.
	Deterministic bool `json:"deterministic"`
	// Fuse says whether a GPU lets ops share kernels: auto (or nothing), on or off, see nn.FuseMode.
	Fuse string `json:"fuse"`
}

// Defaults is the first GPU that works, or else the CPU, in float32.
func Defaults() Config {
	return Config{Device: Auto, Precision: nn.FP32.String(), Fuse: cuda.FuseAuto.String()}
}

// Options are settings of a device that do not change what it computes, but for the rounding of what Tune chooses.
type Options struct {
	CPU     cpu.Config
	NoGraph bool // GPU: launch each kernel by itself
	Check   bool // GPU: look after each step for what is not finite and for writes out of bounds

	// Tune says how a GPU's algorithms are chosen; its Log is the one below.
	Tune nn.TuneConfig

	// Log, if not nil, is told what Auto came to; one line, no newline.
	Log func(format string, args ...any)
}

// Validate reports a device that there cannot be, and what the CPU does not have where that is the device by name. Its
// error names no package: the setting it speaks of is another's.
func (d *Config) Validate(o Options) error {
	if _, ok := d.GPU(); !ok && d.Device != Auto && d.Device != CPU {
		return fmt.Errorf("device %q, want auto, cpu, cuda or cuda:N", d.Device)
	}
	if _, err := nn.ParsePrecision(d.Precision); err != nil {
		return err
	}
	if _, err := d.fuse(); err != nil {
		return err
	}
	if what := d.onlyOnGPU(o); d.Device == CPU && what != "" {
		return fmt.Errorf("%s with device cpu, want a GPU for that", what)
	}
	return nil
}

// onlyOnGPU is the first setting that the CPU does not have, or "".
func (d *Config) onlyOnGPU(o Options) string {
	switch {
	case d.Precision != nn.FP32.String():
		return "precision " + d.Precision
	case o.NoGraph:
		return "no-graph"
	case o.Check:
		return "check"
	}
	return ""
}

func (d *Config) fuse() (cuda.FuseMode, error) {
	if d.Fuse == "" {
		return cuda.FuseAuto, nil
	}
	return cuda.ParseFuseMode(d.Fuse)
}

// gpu is the number of the GPU that is asked for by name.
func (d *Config) GPU() (index int, ok bool) {
	if d.Device == CUDA {
		return 0, true
	}
	number, ok := strings.CutPrefix(d.Device, CUDA+":")
	n, err := strconv.ParseUint(number, 10, 16)
	return int(n), ok && err == nil
}

// Open opens the device. Auto takes the first GPU, or the CPU where none works; any other device is that one or an
// error, which wraps nn.ErrNoCUDA in a build without CUDA. Device becomes the name of what was opened.
func (d *Config) Open(o Options) (nn.Backend, error) {
	if err := d.Validate(o); err != nil {
		return nil, err
	}
	if d.Device == Auto {
		return d.openAuto(o)
	}
	if index, ok := d.GPU(); ok {
		b, err := d.openGPU(index, o)
		if err != nil {
			return nil, fmt.Errorf("device %s: %w; device cpu needs no GPU", d.Device, err)
		}
		return b, nil
	}
	return cpu.New(o.CPU)
}

func (d *Config) openAuto(o Options) (nn.Backend, error) {
	log := func(format string, args ...any) {
		if o.Log != nil {
			o.Log(format, args...)
		}
	}
	b, why := d.openGPU(0, o)
	if why == nil {
		log("device: %s", b.Info())
		return b, nil
	}
	if what := d.onlyOnGPU(o); what != "" {
		return nil, fmt.Errorf("%s needs a GPU: %w", what, why)
	}
	b, err := cpu.New(o.CPU)
	if err != nil {
		return nil, err
	}
	d.Device = b.Name()
	if !errors.Is(why, cuda.ErrNoCUDA) {
		log("device: %s, as no GPU can be used: %v", b.Info(), why)
	}
	return b, nil
}

func (d *Config) openGPU(index int, o Options) (nn.Backend, error) {
	p, err := nn.ParsePrecision(d.Precision)
	if err != nil {
		return nil, err
	}
	fuse, err := d.fuse()
	if err != nil {
		return nil, err
	}
	tune := o.Tune
	tune.Log = o.Log
	b, err := cuda.New(cuda.Config{Device: index, Precision: p, Deterministic: d.Deterministic, Fuse: fuse,
		NoGraph: o.NoGraph, Check: o.Check, Tune: tune})
	if err != nil {
		return nil, err
	}
	d.Device = b.Name()
	return b, nil
}
