package train

import (
	"strings"
	"testing"

	"resnet/nn"
)

func TestDeviceValidate(t *testing.T) {
	for want, d := range map[string]DeviceConfig{
		`device "tpu", want auto, cpu, cuda or cuda:N`: {Device: "tpu", Precision: "fp32"},
		`device "", want`:                            {Precision: "fp32"},
		`device "cuda:", want`:                       {Device: "cuda:", Precision: "fp32"},
		`device "cuda:-1", want`:                     {Device: "cuda:-1", Precision: "fp32"},
		`device "cuda:one", want`:                    {Device: "cuda:one", Precision: "fp32"},
		`precision "fp8", want fp32`:                 {Device: "cuda", Precision: "fp8"},
		"precision bf16 with device cpu, want a GPU": {Device: "cpu", Precision: "bf16"},
	} {
		if err := d.Validate(DeviceOptions{}); err == nil || !strings.HasPrefix(err.Error(), "train: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", d, err, want)
		}
	}
	for _, device := range []string{"auto", "cpu", "cuda", "cuda:0", "cuda:12"} {
		d := DeviceConfig{Device: device, Precision: "fp32", Deterministic: true}
		if err := d.Validate(DeviceOptions{}); err != nil {
			t.Errorf("%s: %v", device, err)
		}
	}
}

func TestOpenCPU(t *testing.T) {
	d := DeviceConfig{Device: DeviceCPU, Precision: "fp32", Deterministic: true}
	b, err := d.Open(DeviceOptions{CPU: nn.CPUConfig{Threads: 3}, Log: func(format string, args ...any) {
		t.Errorf("asked for by name, yet there is a note: "+format, args...)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if b.Name() != DeviceCPU || nn.Threads(b) != 3 || !strings.HasPrefix(describe(b), "cpu ") {
		t.Errorf("%s (%s) with %d threads, want cpu and its instruction set, 3 threads", b.Name(), describe(b), nn.Threads(b))
	}
	for want, o := range map[string]DeviceOptions{"no-graph with device cpu": {NoGraph: true}, "check with device cpu": {Check: true}} {
		if _, err := d.Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
