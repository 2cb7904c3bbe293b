package device

import (
	"strings"
	"testing"

	"resnet/nn/cpu"
)

func TestDeviceValidate(t *testing.T) {
	for want, d := range map[string]Config{
		`device "tpu", want auto, cpu, cuda or cuda:N`: {Device: "tpu", Precision: "fp32"},
		`device "", want`:                            {Precision: "fp32"},
		`device "cuda:", want`:                       {Device: "cuda:", Precision: "fp32"},
		`device "cuda:-1", want`:                     {Device: "cuda:-1", Precision: "fp32"},
		`device "cuda:one", want`:                    {Device: "cuda:one", Precision: "fp32"},
		`precision "fp8", want fp32`:                 {Device: "cuda", Precision: "fp8"},
		"precision bf16 with device cpu, want a GPU": {Device: "cpu", Precision: "bf16"},
	} {
		if err := d.Validate(Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", d, err, want)
		}
	}
	for _, device := range []string{"auto", "cpu", "cuda", "cuda:0", "cuda:12"} {
		d := Config{Device: device, Precision: "fp32", Deterministic: true}
		if err := d.Validate(Options{}); err != nil {
			t.Errorf("%s: %v", device, err)
		}
	}
}

func TestOpenCPU(t *testing.T) {
	d := Config{Device: CPU, Precision: "fp32", Deterministic: true}
	b, err := d.Open(Options{CPU: cpu.Config{Threads: 3}, Log: func(format string, args ...any) {
		t.Errorf("device chosen by name, yet there is a note: "+format, args...)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if b.Name() != CPU || b.Info().Threads != 3 || !strings.HasPrefix(b.Info().String(), "cpu ") {
		t.Errorf("%s (%s) with %d threads, want cpu and its instruction set, 3 threads", b.Name(), b.Info().String(),
			b.Info().Threads)
	}
	for want, o := range map[string]Options{"no-graph with device cpu": {NoGraph: true},
		"check with device cpu": {Check: true}} {
		if _, err := d.Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
