//go:build !nocuda

package device

import (
	"slices"
	"testing"

	"resnet/gpu/gputest"
	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// openGPU opens the first GPU, real or emulated, as the command doctor does.
func openGPU(t *testing.T, precision nn.Precision) nn.Backend {
	t.Helper()
	d := Config{Device: CUDA, Precision: precision.String()}
	b, err := d.Open(Options{Tune: nn.TuneConfig{Mode: nn.TuneCached}})
	gputest.Need(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

// TestSelfTestOnGPU: a GPU passes in every precision, with fused kernels in all but float32, and fails against a CPU
// that lacks a quarter of the weights of one convolution.
func TestSelfTestOnGPU(t *testing.T) {
	plain := cpuWith(t, kernels.Portable)
	for precision, conv := range map[nn.Precision]string{
		nn.FP32: "blocks.0.conv1", nn.TF32: "blocks.1.conv2", nn.BF16: "blocks.2.shortcut.conv",
		nn.FP16: "blocks.3.conv3",
	} {
		b := openGPU(t, precision)
		c, err := SelfTest(b, plain)
		if err != nil {
			t.Fatalf("%v: %v", precision, err)
		}
		if !c.OK() || c.Fused != (precision != nn.FP32) {
			t.Errorf("%v: %+v, want distances within bounds, fused in all but fp32", precision, c)
		}
		if want := map[bool]string{true: "fused", false: "apart"}[c.Fused]; c.Variant != want {
			t.Errorf("%v: the step is called %q, want %q", precision, c.Variant, want)
		}
		lacking := func(g *nn.Graph, r nn.Ref, p []byte) []byte {
			if r.Value >= 0 && r.Role == nn.Data && g.ValueName(r.Value) == conv+".weight" {
				p = slices.Clone(p)
				clear(p[:len(p)/4])
			}
			return p
		}
		if c, err = SelfTest(b, skewed{plain, lacking}); err != nil {
			t.Fatalf("%v: %v", precision, err)
		}
		if c.OK() {
			t.Errorf("%v without weights of %s: %+v, want a distance that is out of bounds", precision, conv, c)
		}
	}
}
