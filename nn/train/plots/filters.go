package plots

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"resnet/nn"
)

const (
	filterSide     = 96.0 // the longer side of a kernel, in CSS pixels
	minFilterWidth = 64.0 // room for the caption below
)

// Filters draws the kernels of the first convolution; weight has the shape O, I, H, W and is row-major. Kernels of one
// input channel show negative weights in blue, zero in white and positive weights in vermilion. Kernels of three are
// shown as colour images in which zero is mid-grey. Each kernel has its own scale, symmetric about zero; its largest
// magnitude is written below. A weight that is not finite is grey in a kernel of one channel and counts as zero in one
// of three; the caption is then "not finite".
func Filters(path string, weight []float32, shape nn.Shape, o Options) error {
	if err := checkFilters(weight, shape); err != nil {
		return fmt.Errorf("plots: filters: %w", err)
	}
	dx, dy := scaled(shape.W, shape.H, filterSide*dense)
	w, h := float64(dx)/dense, float64(dy)/dense
	t := newTiling(shape.N, 0, max(w, minFilterWidth), h+lineStep, 14)
	width, height := t.size()
	f, err := newFigure(path, width, height)
	if err != nil {
		return err
	}
	note := "blue negative, white zero, orange positive"
	if shape.C == 3 {
		note = "red, green and blue input, grey zero"
	}
	f.heading(o.title(fmt.Sprintf("First layer: %d kernels of %dx%d", shape.N, shape.H, shape.W)),
		note+"; each kernel has its own scale")
	each := shape.C * shape.H * shape.W
	for k := range shape.N {
		kernel := weight[k*each : (k+1)*each]
		scale, whole := largest(kernel)
		caption := "not finite"
		if whole {
			caption = fmt.Sprintf("±%.2g", scale)
		}
		x, y := t.at(k)
		f.image(x, y, enlarge(kernelImage(kernel, shape, scale), filterSide*dense))
		f.frame(x, y, w, h, 1, grid)
		f.text(noteStyle, left, x, y+h+lineStep, caption)
	}
	return f.save()
}

func checkFilters(weight []float32, s nn.Shape) error {
	switch {
	case s.N < 1 || s.H < 1 || s.W < 1:
		return fmt.Errorf("no kernels in a weight of %v", s)
	case s.C != 1 && s.C != 3:
		return fmt.Errorf("kernels of %d input channels, want 1 or 3", s.C)
	case len(weight) != s.Elems():
		return fmt.Errorf("%d values, want %d for a weight of %v", len(weight), s.Elems(), s)
	}
	return nil
}

// largest returns the largest finite magnitude, and whether all weights are finite.
func largest(kernel []float32) (scale float64, whole bool) {
	whole = true
	for _, w := range kernel {
		if x := math.Abs(float64(w)); finite(x) {
			scale = max(scale, x)
		} else {
			whole = false
		}
	}
	return scale, whole
}

// kernelImage draws a kernel of shape C, H, W; weights of -scale to scale span the colours.
func kernelImage(kernel []float32, s nn.Shape, scale float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, s.W, s.H))
	at := func(c, i int) float64 { // -1 to 1
		x := float64(kernel[c*s.H*s.W+i])
		if !finite(x) || scale == 0 {
			return 0
		}
		return x / scale
	}
	level := func(t float64) uint8 { return uint8(math.Round(127.5 * (1 + t))) }
	for i := range s.H * s.W {
		c := diverging(at(0, i))
		if s.C == 3 {
			c = color.RGBA{level(at(0, i)), level(at(1, i)), level(at(2, i)), 255}
		} else if !finite(float64(kernel[i])) {
			c = muted
		}
		img.SetRGBA(i%s.W, i/s.W, c)
	}
	return img
}
