package bench

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestGrouped(t *testing.T) {
	if g := grouped([]float64{3, 1, 2}); !slices.Equal(g, []float64{3, 1, 2}) {
		t.Errorf("three times: %v, want them unchanged", g)
	}
	long := make([]float64, 121) // groups of three; the last has one
	for i := range long {
		long[i] = float64(i)
	}
	long[1] = 1e9 // a disturbance
	g := grouped(long)
	if len(g) != 41 || g[0] != 2 || g[1] != 4 || g[2] != 7 || g[40] != 120 {
		t.Errorf("%d groups: %v, want 41, the medians 2, 4, 7, ... 120", len(g), g)
	}
}

func TestRounded(t *testing.T) {
	for x, want := range map[float64]float64{0.123456789: 0.12346, 123456: 123460, 5: 5, math.Inf(1): math.Inf(1)} {
		if got := rounded(x); got != want {
			t.Errorf("%v rounded is %v, want %v", x, got, want)
		}
	}
}

// TestMedianInterval: the interval of normal samples contains the median of the distribution, 0, in 95 % of cases. Over
// 2,000 samples that share has a standard deviation of 0.005; ranks are integers, so it may be a little larger.
func TestMedianInterval(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{10, 60, 61} {
		holds := 0
		for range 2000 {
			x := make([]float64, n)
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			low, median, high := medianInterval(x)
			if !(low <= median && median <= high) {
				t.Fatalf("%v, %v, %v are not in order", low, median, high)
			}
			if low <= 0 && 0 <= high {
				holds++
			}
		}
		if share := float64(holds) / 2000; share < 0.935 || share > 0.99 {
			t.Errorf("%d values: the interval contains the median in %.3f of samples, want 0.95 or a little more", n,
				share)
		}
	}
	if low, median, high := medianInterval([]float64{2, 1, 3}); low != 1 || median != 2 || high != 3 {
		t.Errorf("of three values %v, %v, %v, want 1, 2, 3", low, median, high)
	}
}

func TestWriteIndented(t *testing.T) {
	var b bytes.Buffer
	v := map[string]any{"a": []float64{1, 2.5, 1e-9}, "b": []string{"[\n 1,\n 2 ]"}, "c": []int{}}
	if err := writeIndented(&b, v); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"a\": [1,2.5,1e-9],\n  \"b\": [\n    \"[\\n 1,\\n 2 ]\"\n  ],\n  \"c\": []\n}\n"
	if b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
}
