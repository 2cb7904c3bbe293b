package float16

import (
	"math"
	"testing"
)

// Bit patterns and values by the definition of binary16 in IEEE 754.
func TestDecode(t *testing.T) {
	for h, want := range map[uint16]float32{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x0001: 0x1p-24, 0x83ff: -0x3ffp-24,
		0x3555: 0.333251953125, 0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)),
	} {
		if got := Decode(h); got != want {
			t.Errorf("Decode(%#04x) = %g, want %g", h, got, want)
		}
	}
	if got := Decode(0x8000); got != 0 || !math.Signbit(float64(got)) {
		t.Errorf("Decode(0x8000) = %g, want -0", got)
	}
	if got := Decode(0x7e00); got == got {
		t.Errorf("Decode(0x7e00) = %g, want NaN", got)
	}
}
