package plots

import (
	"image/color"
	"math"
	"path/filepath"
	"testing"

	"resnet/nn"
)

// TestFiltersOneChannel checks the colour in the middle of every weight: the largest weight of a kernel is full
// vermilion, its negative full blue, zero white.
func TestFiltersOneChannel(t *testing.T) {
	nan := float32(math.NaN())
	weight := []float32{
		0.2, -0.2, 0, 0.1,
		-4, 0, 2, -2,
		0, 0, 0, 0,
		1, nan, -1, float32(math.Inf(1)),
	}
	half := func(c color.RGBA) color.RGBA { return mix(background, c, 0.5) }
	want := []color.RGBA{
		vermilion, blue, background, half(vermilion),
		blue, background, half(vermilion), half(blue),
		background, background, background, background,
		vermilion, muted, blue, muted,
	}
	shape := nn.Shape{N: 4, C: 1, H: 2, W: 2}
	paint := func(path string) error { return Filters(path, weight, shape, Options{}) }
	img := paintPNG(t, paint)
	tile := newTiling(4, 0, filterSide, filterSide+lineStep, 14)
	for k := range shape.N {
		x, y := tile.at(k)
		for i := range 4 {
			px, py := x+filterSide*(0.25+0.5*float64(i%2)), y+filterSide*(0.25+0.5*float64(i/2))
			if got := color.RGBAModel.Convert(img.At(int(px*dense), int(py*dense))); got != want[4*k+i] {
				t.Errorf("kernel %d, weight %d (%g): %v, want %v", k, i, weight[4*k+i], got, want[4*k+i])
			}
		}
	}
	s := paintSVG(t, paint)
	for _, text := range []string{"±0.2", "±4", "±0", "not finite"} {
		if !s.has(text) {
			t.Errorf("no text %q in %q", text, s.texts)
		}
	}
}

// TestFiltersColour: kernels of two pixels whose channels lie one after another in memory.
func TestFiltersColour(t *testing.T) {
	weight := []float32{
		1, -0.5, -1, 0.5, 0, 0.25,
		2, 0, 0, 2, -2, 0,
	}
	want := []color.RGBA{
		{255, 0, 128, 255}, {64, 191, 159, 255},
		{255, 128, 0, 255}, {128, 255, 128, 255},
	}
	img := paintPNG(t, func(path string) error {
		return Filters(path, weight, nn.Shape{N: 2, C: 3, H: 1, W: 2},
			Options{})
	})
	const half = filterSide / 2
	tile := newTiling(2, 0, filterSide, half+lineStep, 14)
	for i, c := range want {
		x, y := tile.at(i / 2)
		if n := count(img, x+half*float64(i%2), y, half, half, c); n != half*half*dense*dense {
			t.Errorf("kernel %d, pixel %d: %d pixels of %v, want all", i/2, i%2, n, c)
		}
	}
}

func TestFiltersErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.png")
	for _, c := range []struct {
		n     int
		shape nn.Shape
		want  string
	}{
		{0, nn.Shape{N: 0, C: 1, H: 3, W: 3}, "filters: no kernels in a weight of 0x1x3x3"},
		{32, nn.Shape{N: 16, C: 2, H: 1, W: 1}, "filters: kernels of 2 input channels, want 1 or 3"},
		{8, nn.Shape{N: 1, C: 1, H: 3, W: 3}, "filters: 8 values, want 9 for a weight of 1x1x3x3"},
		{4000, nn.Shape{N: 4000, C: 1, H: 1, W: 1}, "million pixels, at most 40 million"},
	} {
		wantError(t, Filters(path, make([]float32, c.n), c.shape, Options{}), c.want)
	}
}
