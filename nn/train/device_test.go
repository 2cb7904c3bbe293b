package train

import (
	"fmt"
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

// The device is a setting of the run; another one may go on with its
// checkpoint, and then there is a note.
func TestResumeOnAnotherDevice(t *testing.T) {
	c, o := small(t)
	o.Backend, c.Device = nil, DeviceCPU
	c.Epochs = 1
	mustRun(t, c, o)
	got, err := ReadConfig(runDir(c.Output).config())
	if err != nil || got.Device != DeviceCPU || got.Precision != "fp32" {
		t.Errorf("config.json: device %q, precision %q (%v), want cpu, fp32", got.Device, got.Precision, err)
	}
	var notes []string
	o.Backend = &fakeGPU{room: 60}
	o.Stderr = writerFunc(func(line string) { notes = append(notes, line) })
	o.Override = func(c *Config) { c.Epochs, c.Device = 2, "cuda:0" }
	again, err := Resume(t.Context(), c.Output, o)
	if err != nil || again.Config.Device != "cuda:0" || len(again.Rows) != 2 {
		t.Fatalf("%v, %+v", err, again)
	}
	want := fmt.Sprintf("note: this is fake, the run began on %s: it will not end in the same bits\n", describe(mustOpen(t, c.DeviceConfig)))
	if len(notes) == 0 || notes[0] != want {
		t.Errorf("notes %q, want %q first", notes, want)
	}
}

type writerFunc func(string)

func (f writerFunc) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}

func mustOpen(t *testing.T, d DeviceConfig) nn.Backend {
	t.Helper()
	b, err := d.Open(DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}
