package train

import (
	"fmt"
	"testing"

	"resnet/nn"
	"resnet/nn/device"
	"resnet/nn/train/checkpoint"
)

// TestResumeOnAnotherDevice: a run may resume on another device, with a note.
func TestResumeOnAnotherDevice(t *testing.T) {
	c, o := small(t)
	o.Backend, c.Device = nil, device.CPU
	c.Epochs = 1
	mustRun(t, c, o)
	got, err := ReadConfig(checkpoint.Dir(c.Output).Config())
	if err != nil || got.Device != device.CPU || got.Precision != "fp32" {
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
	want := fmt.Sprintf("note: this is fake, the run began on %s: it will not end in the same bits\n",
		mustOpen(t, c.DeviceConfig).Info())
	if len(notes) == 0 || notes[0] != want {
		t.Errorf("notes %q, want %q first", notes, want)
	}
}

type writerFunc func(string)

func (f writerFunc) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}

func mustOpen(t *testing.T, d device.Config) nn.Backend {
	t.Helper()
	b, err := d.Open(device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}
