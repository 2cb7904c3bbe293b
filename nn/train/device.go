package train

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"resnet/nn"
)

// Names of devices. Any GPU is "cuda:" and its number, counted from 0.
const (
	DeviceAuto = "auto" // the first GPU that works, or else the CPU
	DeviceCPU  = "cpu"
	DeviceCUDA = "cuda" // the first GPU
)

// DeviceConfig says what computes and how exactly: what a run's bits depend on.
type DeviceConfig struct {
	Device    string `json:"device"`    // auto, cpu, cuda or cuda:N; config.json has what auto came to
	Precision string `json:"precision"` // fp32, tf32, bf16 or fp16; the CPU has fp32
	// Deterministic makes a GPU give the same bits each time, as the CPU always does.
	Deterministic bool `json:"deterministic"`
	// Fuse says whether a GPU lets ops share kernels: auto (or nothing), on or off, see nn.FuseMode.
	Fuse string `json:"fuse"`
}

// DeviceOptions are settings of a device that do not change what it computes,
// but for the rounding of what Tune chooses.
type DeviceOptions struct {
	CPU     nn.CPUConfig
	NoGraph bool // GPU: launch each kernel by itself
	Check   bool // GPU: look after each step for what is not finite and for writes out of bounds

	// Tune says how a GPU's algorithms are chosen; its Log is the one below.
	Tune nn.TuneConfig

	// Log, if not nil, is told what DeviceAuto came to; one line, no newline.
	Log func(format string, args ...any)
}

// Validate reports a device that there cannot be, and what the CPU does not have
// where that is the device by name.
func (d *DeviceConfig) Validate(o DeviceOptions) error {
	if err := d.validate(o); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

func (d *DeviceConfig) validate(o DeviceOptions) error {
	if _, ok := d.gpu(); !ok && d.Device != DeviceAuto && d.Device != DeviceCPU {
		return fmt.Errorf("device %q, want auto, cpu, cuda or cuda:N", d.Device)
	}
	if _, err := nn.ParsePrecision(d.Precision); err != nil {
		return err
	}
	if _, err := d.fuse(); err != nil {
		return err
	}
	if what := d.onlyOnGPU(o); d.Device == DeviceCPU && what != "" {
		return fmt.Errorf("%s with device cpu, want a GPU for that", what)
	}
	return nil
}

// onlyOnGPU is the first setting that the CPU does not have, or "".
func (d *DeviceConfig) onlyOnGPU(o DeviceOptions) string {
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

func (d *DeviceConfig) fuse() (nn.FuseMode, error) {
	if d.Fuse == "" {
		return nn.FuseAuto, nil
	}
	return nn.ParseFuseMode(d.Fuse)
}

// gpu is the number of the GPU that is asked for by name.
func (d *DeviceConfig) gpu() (index int, ok bool) {
	if d.Device == DeviceCUDA {
		return 0, true
	}
	number, ok := strings.CutPrefix(d.Device, DeviceCUDA+":")
	n, err := strconv.ParseUint(number, 10, 16)
	return int(n), ok && err == nil
}

// Open opens the device. DeviceAuto takes the first GPU, or the CPU where none
// works; any other device is that one or an error, which wraps nn.ErrNoCUDA in
// a build without CUDA. Device becomes the name of what was opened.
func (d *DeviceConfig) Open(o DeviceOptions) (nn.Backend, error) {
	if err := d.Validate(o); err != nil {
		return nil, err
	}
	if d.Device == DeviceAuto {
		return d.openAuto(o)
	}
	if index, ok := d.gpu(); ok {
		b, err := d.openGPU(index, o)
		if err != nil {
			return nil, fmt.Errorf("train: device %s: %w; device cpu needs no GPU", d.Device, err)
		}
		return b, nil
	}
	return nn.NewCPU(o.CPU)
}

func (d *DeviceConfig) openAuto(o DeviceOptions) (nn.Backend, error) {
	log := func(format string, args ...any) {
		if o.Log != nil {
			o.Log(format, args...)
		}
	}
	b, why := d.openGPU(0, o)
	if why == nil {
		log("device: %s", describe(b))
		return b, nil
	}
	if what := d.onlyOnGPU(o); what != "" {
		return nil, fmt.Errorf("train: %s needs a GPU: %w", what, why)
	}
	b, err := nn.NewCPU(o.CPU)
	if err != nil {
		return nil, err
	}
	d.Device = b.Name()
	if !errors.Is(why, nn.ErrNoCUDA) {
		log("device: %s, as no GPU can be used: %v", describe(b), why)
	}
	return b, nil
}

func (d *DeviceConfig) openGPU(index int, o DeviceOptions) (nn.Backend, error) {
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
	b, err := nn.NewCUDA(nn.CUDAConfig{Device: index, Precision: p, Deterministic: d.Deterministic, Fuse: fuse, NoGraph: o.NoGraph, Check: o.Check, Tune: tune})
	if err != nil {
		return nil, err
	}
	d.Device = b.Name()
	return b, nil
}

// describe names a backend and all that its bits depend on.
func describe(b nn.Backend) string {
	if g, ok := nn.CUDAInfo(b); ok {
		how := g.Precision.String()
		if g.Deterministic {
			how += ", deterministic"
		}
		return fmt.Sprintf("%s (%s, %s, cuDNN %s)", b.Name(), g.Name, how, g.CUDNN)
	}
	if isa, ok := nn.ISA(b); ok {
		return b.Name() + " " + isa.String()
	}
	return b.Name()
}
