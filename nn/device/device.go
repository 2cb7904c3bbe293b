// Package device opens the backend of a device by name: "auto", "cpu", "cuda", "cuda:1".
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

// Config is the device and its arithmetic, everything that the bits of a run depend on.
type Config struct {
	Device    string `json:"device"`    // auto, cpu, cuda or cuda:N; Open replaces auto by the device it chose
	Precision string `json:"precision"` // fp32, tf32, bf16 or fp16; the CPU has fp32 only
	// Deterministic makes a GPU compute the same bits in every run, as the CPU always does.
	Deterministic bool `json:"deterministic"`
	// Fuse says whether ops may share kernels on a GPU: auto (or empty), on or off; see cuda.FuseMode.
	Fuse string `json:"fuse"`
}

// Defaults are the first GPU that works, or else the CPU, in float32.
func Defaults() Config {
	return Config{Device: Auto, Precision: nn.FP32.String(), Fuse: cuda.FuseAuto.String()}
}

// Options are settings of a device that do not change what it computes, except that algorithms chosen by Tune may round
// differently.
type Options struct {
	CPU     cpu.Config
	NoGraph bool // GPU: launch kernels one by one, without CUDA graphs
	Check   bool // GPU: after each step look for NaN, infinity and writes out of bounds

	// Tune says how a GPU's algorithms are chosen; Open sets its Log to the one below, unless it has one.
	Tune nn.TuneConfig

	// Log, if not nil, gets the device that Auto chose and a GPU's notes, one line each without a newline.
	Log func(format string, args ...any)
}

// Validate returns an error for a setting that no device has, and for one that the CPU does not have if it is chosen by
// name. The error has no package prefix, because the settings are usually part of a larger configuration.
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

// onlyOnGPU names the first setting that the CPU does not have, or is "".
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

// GPU is the number of the GPU that Device names; ok is false for other devices.
func (d *Config) GPU() (index int, ok bool) {
	if d.Device == CUDA {
		return 0, true
	}
	number, ok := strings.CutPrefix(d.Device, CUDA+":")
	n, err := strconv.ParseUint(number, 10, 16)
	return int(n), ok && err == nil
}

// Open opens the device. Auto opens the first GPU, or the CPU where none works; any other name opens that device or
// returns an error, which wraps cuda.ErrNoCUDA in a build without CUDA. Open sets Device to the name of the device.
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
	if tune.Log == nil {
		tune.Log = o.Log
	}
	b, err := cuda.New(cuda.Config{Device: index, Precision: p, Deterministic: d.Deterministic, Fuse: fuse,
		NoGraph: o.NoGraph, Check: o.Check, Tune: tune, Log: o.Log})
	if err != nil {
		return nil, err
	}
	d.Device = b.Name()
	return b, nil
}
