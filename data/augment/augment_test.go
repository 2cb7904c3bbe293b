package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"resnet/data/pixels"
	"resnet/data/pixels/pillowtest"
)

// drawn returns an operation with random arguments, and how pillow.py is told of them.
func drawn(r *rand.Rand) (op string, c call, args map[string]any) {
	spread := func(n float64) float64 { return (2*r.Float64() - 1) * n }
	ops := []string{"brightness", "contrast", "saturation", "sharpness", "hue", "posterize", "solarize", "autocontrast",
		"equalize", "affine", "rotate"}
	op = ops[r.IntN(len(ops))]
	args = map[string]any{}
	switch op {
	case "brightness", "contrast", "saturation", "sharpness":
		c.Factor = 3 * r.Float64()
		args["factor"] = c.Factor
	case "hue":
		c.Part = spread(0.5)
		args["part"] = c.Part
	case "posterize":
		c.Bits = 1 + r.IntN(8)
		args["bits"] = c.Bits
	case "solarize":
		c.Threshold = 256 * r.Float64()
		args["threshold"] = c.Threshold
	case "affine", "rotate":
		c.Filter = []string{"nearest", "bilinear"}[r.IntN(2)]
		c.Fill = []int{r.IntN(256), r.IntN(256), r.IntN(256)}
		c.Angle = spread(400)
		args["filter"], args["fill"], args["angle"] = c.Filter, c.Fill, c.Angle
	}
	if op == "affine" {
		c.Center = [2]float64{spread(50), spread(50)}
		c.Translate = [2]float64{spread(20), spread(20)}
		c.Scale = 0.2 + 2*r.Float64()
		c.Shear = [2]float64{spread(50), spread(50)}
		args["center"], args["translate"], args["scale"], args["shear"] = c.Center, c.Translate, c.Scale, c.Shear
	}
	return op, c, args
}

// Thousands of pictures with random arguments are the same bytes in Pillow.
func TestPillow(t *testing.T) {
	pillow := pillowtest.Start(t)
	r := rand.New(rand.NewPCG(9, 10))
	for range 4000 {
		m := pixels.New(1+r.IntN(60), 1+r.IntN(60), 1+2*r.IntN(2))
		pillowtest.Noise(r.Uint32(), m.Pix)
		if r.IntN(2) == 0 { // few colours, not all of 0 to 255
			for i, v := range m.Pix {
				m.Pix[i] = 50 + v/16*10
			}
		}
		op, c, args := drawn(r)
		want := pillow.Do(t, op, m, args)
		pillowtest.Same(t, fmt.Sprint(op, " ", args), c.run(t, op, m), want)
	}
}

// Every colour becomes the same hue, saturation and value in Pillow, and the same colour again.
func TestHuePillow(t *testing.T) {
	if testing.Short() {
		t.Skip("16 million colours")
	}
	pillow := pillowtest.Start(t)
	for red := range 256 {
		m := pixels.New(256, 256, 3)
		for i := range 1 << 16 {
			copy(m.Pix[3*i:], []byte{byte(red), byte(i >> 8), byte(i)})
		}
		want := pillow.Do(t, "hue", m, map[string]any{"part": 0.3})
		Hue(m, 0.3)
		pillowtest.Same(t, red, m, want)
	}
}

func TestErase(t *testing.T) {
	for _, c := range []struct{ x, y, w, h, want int }{
		{1, 1, 2, 2, 4}, {-2, -1, 4, 3, 4}, {3, 2, 9, 9, 4}, {5, 0, 1, 1, 0}, {0, 0, -3, 4, 0}, {0, 0, 5, 4, 20},
	} {
		m := pixels.New(5, 4, 3)
		Erase(m, c.x, c.y, c.w, c.h, [3]byte{7, 8, 9})
		n := 0
		for i := 0; i < len(m.Pix); i += 3 {
			if [3]byte(m.Pix[i:i+3]) == [3]byte{7, 8, 9} {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%+v: %d pixels erased", c, n)
		}
	}
}

// A picture that is part of a larger one is all that an operation touches.
func TestStride(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 300 {
		whole := pixels.New(30, 30, 1+2*r.IntN(2))
		pillowtest.Noise(r.Uint32(), whole.Pix)
		before := append([]byte(nil), whole.Pix...)
		m, err := whole.Part(4, 5, 20, 18)
		if err != nil {
			t.Fatal(err)
		}
		alone := pixels.New(20, 18, whole.C)
		for y := range m.H {
			copy(alone.Row(y), m.Row(y))
		}
		op, c, args := drawn(r)
		pillowtest.Same(t, fmt.Sprint(op, " ", args), c.run(t, op, &m), c.run(t, op, alone))
		for i, v := range whole.Pix {
			x, y := i%whole.Stride/whole.C, i/whole.Stride
			if v != before[i] && (x < 4 || x >= 24 || y < 5 || y >= 23) {
				t.Fatalf("%s: wrote at row %d, column %d", op, y, x)
			}
		}
	}
}

func TestAllocates(t *testing.T) {
	m, dst := pixels.New(20, 20, 3), pixels.New(20, 20, 3)
	for name, f := range map[string]func(){
		"flips": func() { HFlip(m); VFlip(m) },
		"blend": func() { Brightness(m, 2); Contrast(m, 2); Saturation(m, 2); Sharpness(dst, m, 2) },
		"table": func() { Posterize(m, 3); Solarize(m, 7); AutoContrast(m); Equalize(m) },
		"hue":   func() { Hue(m, 0.2) },
		"moves": func() {
			Rotate(dst, m, 20, pixels.Bilinear, [3]byte{})
			Transform(dst, m, AffineMatrix([2]float64{}, 3, [2]float64{}, 1, [2]float64{}), pixels.Nearest, [3]byte{})
		},
	} {
		if n := testing.AllocsPerRun(3, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A matrix that leads far away, or nowhere, fills the picture.
func TestTransformFar(t *testing.T) {
	m, out := pixels.New(9, 9, 3), pixels.New(9, 9, 3)
	for _, v := range []float64{1e300, -1e300, math.Inf(1), math.NaN(), 40000} {
		for _, filter := range []pixels.Filter{pixels.Nearest, pixels.Bilinear} {
			for i := range 6 {
				matrix := Matrix{1, 0.1, 100, 0.1, 1, 100}
				matrix[i] = v
				Transform(out, m, matrix, filter, [3]byte{1, 2, 3})
				if filter == pixels.Bilinear && [3]byte(out.Pix[:3]) != [3]byte{1, 2, 3} {
					t.Errorf("%v: the first pixel is %v", matrix, out.Pix[:3])
				}
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	grey, wide, alpha := pixels.New(2, 2, 1), pixels.New(3, 2, 1), pixels.New(2, 2, 4)
	for want, f := range map[string]func(){
		"augment: picture of 4 channels, want 1 or 3": func() { HFlip(alpha) },
		"augment: 2x3x1 to 2x2x1, want the same size": func() { Sharpness(grey, wide, 1) },
		"augment: transform with filter lanczos, want nearest": func() {
			Rotate(grey, grey, 5, pixels.Lanczos, [3]byte{})
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, want) {
					t.Errorf("panic %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}
