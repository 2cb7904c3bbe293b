package pixels

import (
	"math"
	"strings"
	"testing"
)

// Pillow's constants for Hamming's window are float32, as one of ten thousand pictures shows.
func TestHammingFactors(t *testing.T) {
	want := 2 / math.Pi * float64(float32(0.54)) // the cosine is 0
	if got := Hamming.weight(0.5); math.Abs(got-want) > 1e-15 {
		t.Errorf("weight %.12f, want %.12f", got, want)
	}
}

func TestParseFilter(t *testing.T) {
	for _, name := range FilterNames() {
		if f, err := ParseFilter(name); err != nil || f.String() != name {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	_, err := ParseFilter("cubic")
	const want = `pixels: interpolation "cubic", want one of nearest, box, bilinear, hamming, bicubic, lanczos`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}
