package augment

import (
	"testing"

	"resnet/data/pixels"
	"resnet/data/pixels/pillowtest"
)

// call is an operation with its arguments, as pillow.py takes them.
type call struct {
	Factor, Part, Threshold, Angle, Scale float64
	Bits                                  int
	Filter                                string
	Fill                                  []int
	Center, Translate, Shear              [2]float64
}

// run returns what an operation makes of a picture.
func (c call) run(t *testing.T, op string, m *pixels.Image) *pixels.Image {
	out := pixels.New(m.W, m.H, m.C)
	var fill [3]byte
	for i, v := range c.Fill {
		fill[i] = byte(v)
	}
	filter := pixels.Nearest
	if c.Filter != "" {
		var err error
		if filter, err = pixels.ParseFilter(c.Filter); err != nil {
			t.Fatal(err)
		}
	}
	switch op {
	case "sharpness":
		Sharpness(out, m, c.Factor)
		return out
	case "affine":
		Transform(out, m, AffineMatrix(c.Center, c.Angle, c.Translate, c.Scale, c.Shear), filter, fill)
		return out
	case "rotate":
		Rotate(out, m, c.Angle, filter, fill)
		return out
	}
	inPlace := map[string]func(){
		"hflip":        func() { HFlip(m) },
		"vflip":        func() { VFlip(m) },
		"invert":       func() { Invert(m) },
		"autocontrast": func() { AutoContrast(m) },
		"equalize":     func() { Equalize(m) },
		"brightness":   func() { Brightness(m, c.Factor) },
		"contrast":     func() { Contrast(m, c.Factor) },
		"saturation":   func() { Saturation(m, c.Factor) },
		"hue":          func() { Hue(m, c.Part) },
		"posterize":    func() { Posterize(m, c.Bits) },
		"solarize":     func() { Solarize(m, c.Threshold) },
	}
	f, ok := inPlace[op]
	if !ok {
		t.Fatalf("operation %q", op)
	}
	f()
	return m
}

// The bytes are Pillow's and torchvision's for every operation.
func TestGolden(t *testing.T) {
	ops := map[string]bool{}
	for _, c := range pillowtest.Golden(t, "testdata/augment.jsonl") {
		var args call
		c.Parse(t, &args)
		c.Check(t, args.run(t, c.Op, c.Image(t)))
		ops[c.Op] = true
	}
	if len(ops) != 14 {
		t.Errorf("%d operations, want 14", len(ops))
	}
}
