//go:build nocuda

package device

import (
	"errors"
	"strings"
	"testing"

	"resnet/nn/cuda"
)

// TestOpenWithoutCUDA: without CUDA auto is the CPU, without a note; settings that only a GPU has are errors.
func TestOpenWithoutCUDA(t *testing.T) {
	d := Config{Device: Auto, Precision: "fp32"}
	b, err := d.Open(Options{Log: func(format string, args ...any) { t.Errorf("a note: "+format, args...) }})
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	if d.Device != CPU {
		t.Errorf("auto opened %q, want cpu", d.Device)
	}
	for want, d := range map[string]Config{
		"device cuda:1: nn: this build has no CUDA":         {Device: "cuda:1", Precision: "fp32"},
		"precision bf16 needs a GPU: nn: this build has no": {Device: Auto, Precision: "bf16"},
	} {
		if _, err := d.Open(Options{}); !errors.Is(err, cuda.ErrNoCUDA) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", d, err, want)
		}
	}
}
