package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/data/pixels"
	"resnet/data/pixels/pillowtest"
)

// imageOf returns the picture of a case as Go's decoders return such a one.
func imageOf(t *testing.T, c pillowtest.Case) image.Image {
	t.Helper()
	if c.Mode == "" {
		m, err := jpeg.Decode(bytes.NewReader(c.File))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	size := image.Rect(0, 0, c.Size[0], c.Size[1])
	n := size.Dx() * size.Dy()
	p := make([]byte, 4*n+4*256)
	pillowtest.Noise(c.Seed, p)
	switch c.Mode {
	case "L":
		return &image.Gray{Pix: p, Stride: size.Dx(), Rect: size}
	case "RGBA":
		return &image.NRGBA{Pix: p, Stride: 4 * size.Dx(), Rect: size}
	case "CMYK":
		return &image.CMYK{Pix: p, Stride: 4 * size.Dx(), Rect: size}
	case "P":
		m := &image.Paletted{Pix: p[:n], Stride: size.Dx(), Rect: size}
		for q := p[n:]; len(m.Palette) < 256; q = q[4:] {
			m.Palette = append(m.Palette, color.NRGBA{q[0], q[1], q[2], q[3]})
		}
		return m
	}
	t.Fatalf("mode %q", c.Mode)
	return nil
}

// The bytes are Pillow's: alpha and palettes on a ground, ink, and JPEGs of every subsampling whose blocks have one
// colour each, so that they do not depend on the inverse cosine transform.
func TestViewGolden(t *testing.T) {
	for _, c := range pillowtest.Golden(t, "testdata/pillow/convert.jsonl") {
		var args struct {
			Mode   string
			Ground [3]int
		}
		c.Parse(t, &args)
		convert := ToRGB
		if args.Mode == "L" {
			convert = ToGrey
		}
		ground := Ground{byte(args.Ground[0]), byte(args.Ground[1]), byte(args.Ground[2])}
		got, err := convert(imageOf(t, c), ground)
		if err != nil {
			t.Fatal(err)
		}
		if c.Want == nil {
			c.Check(t, got)
			continue
		}
		// YCCK becomes CMYK in Go's decoder, and CMYK red, green and blue here; either rounds.
		if _, most := difference(got.Pix, c.Want); most > 2 {
			t.Errorf("YCCK: off by %d, want at most 2", most)
		}

	}
}

// difference returns the mean and the largest difference of bytes.
func difference(a, b []byte) (mean float64, most int) {
	sum := 0
	for i, v := range a {
		d := max(int(v)-int(b[i]), int(b[i])-int(v))
		sum += d
		most = max(most, d)
	}
	return float64(sum) / float64(len(a)), most
}

// photograph is a picture with what photographs have: areas, edges and noise, in colour.
func photograph(r *rand.Rand, w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	a, b, c := 5+20*r.Float64(), 5+20*r.Float64(), 5+40*r.Float64()
	for y := range h {
		for x := range w {
			u, v := float64(x), float64(y)
			wave := math.Sin(u/a) * math.Cos(v/b)
			edge := 60 * float64((x/17+y/13)%2)
			value := func(phase float64) byte {
				return byte(min(max(100+70*wave+edge+50*math.Sin((u+v)/c+phase)+8*r.NormFloat64(), 0), 255))
			}
			m.SetRGBA(x, y, color.RGBA{value(0), value(2), value(4), 255})
		}
	}
	return m
}

// A JPEG differs from Pillow's by what the inverse cosine transforms round: one level of a component, which chroma
// makes up to three of a colour, and rarely more.
func TestViewPillow(t *testing.T) {
	pillow := pillowtest.Start(t)
	r := rand.New(rand.NewPCG(5, 6))
	for _, subsampling := range []string{"4:4:4", "4:2:2", "4:2:0"} {
		var mean float64
		most := 0
		const pictures = 30
		for range pictures {
			m := photograph(r, 20+r.IntN(300), 20+r.IntN(300))
			raw := &pixels.Image{Pix: m.Pix, Stride: m.Stride, W: m.Rect.Dx(), H: m.Rect.Dy(), C: 4}
			args := map[string]any{"quality": 60 + r.IntN(36), "subsampling": subsampling}
			file := pillow.Send(t, "jpeg", "RGBA", [2]int{raw.W, raw.H}, raw.Pix, args).Pix
			want := pillow.Send(t, "convert", "", [2]int{}, file, map[string]any{"mode": "RGB", "ground": White})
			got, err := jpeg.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			rgb, err := ToRGB(got, White)
			if err != nil {
				t.Fatal(err)
			}
			off, largest := difference(rgb.Pix, want.Pix)
			mean, most = mean+off/pictures, max(most, largest)
		}
		t.Logf("%s: off by %.3f in the mean, %d at most", subsampling, mean, most)
		if mean > 0.1 || most > 4 {
			t.Errorf("%s: off by %.3f in the mean, %d at most, want 0.1 and 4", subsampling, mean, most)
		}
	}
}

// every returns pictures of all kinds that decoders return, filled with noise.
func every(w, h int) map[string]image.Image {
	size := image.Rect(0, 0, w, h)
	all := map[string]image.Image{
		"Gray": image.NewGray(size), "Gray16": image.NewGray16(size), "RGBA": image.NewRGBA(size),
		"RGBA64": image.NewRGBA64(size), "NRGBA": image.NewNRGBA(size), "NRGBA64": image.NewNRGBA64(size),
		"CMYK": image.NewCMYK(size), "Alpha": image.NewAlpha(size),
		"Paletted": image.NewPaletted(size, color.Palette{color.Black, color.NRGBA{200, 100, 50, 90}, color.White}),
		"NYCbCrA":  image.NewNYCbCrA(size, image.YCbCrSubsampleRatio420),
	}
	for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
		all[ratio.String()] = image.NewYCbCr(size, ratio)
	}
	for _, m := range all {
		switch m := m.(type) {
		case *image.YCbCr:
			noisy(m.Y, m.Cb, m.Cr)
		case *image.NYCbCrA:
			noisy(m.Y, m.Cb, m.Cr, m.A)
		case *image.Paletted:
			for i := range m.Pix {
				m.Pix[i] = byte(i * 7 % 4) // one beyond the palette
			}
		case *image.RGBA:
			noisy(m.Pix)
			premultiplied(m.Pix, 1)
		case *image.RGBA64:
			noisy(m.Pix)
			premultiplied(m.Pix, 2)
		default:
			noisy(pixOf(m))
		}
	}
	return all
}

func noisy(planes ...[]byte) {
	for i, p := range planes {
		pillowtest.Noise(uint32(i), p)
	}
}

func pixOf(m image.Image) []byte {
	switch m := m.(type) {
	case *image.Gray:
		return m.Pix
	case *image.Gray16:
		return m.Pix
	case *image.NRGBA:
		return m.Pix
	case *image.NRGBA64:
		return m.Pix
	case *image.CMYK:
		return m.Pix
	}
	return m.(*image.Alpha).Pix
}

// premultiplied cuts colours of so many bytes at their alpha.
func premultiplied(p []byte, size int) {
	for ; len(p) > 0; p = p[4*size:] {
		for k := range 3 {
			p[k*size] = min(p[k*size], p[3*size])
		}
	}
}

// Every kind has the colours that its own methods give it, drawn on the ground.
func TestViewColours(t *testing.T) {
	ground := Ground{10, 200, 90}
	for name, m := range every(19, 13) {
		got, err := ToRGB(m, ground)
		if err != nil {
			t.Fatal(err)
		}
		tolerance := 1.5 // of rounding
		if strings.HasSuffix(name, "64") {
			tolerance = 2.5 // the lower halves of colour and alpha are left out
		}
		if strings.Contains(name, "YCbCr") && !strings.Contains(name, "444") {
			continue // its chroma is interpolated: TestViewGolden
		}
		for y := range 13 {
			for x := range 19 {
				if p, ok := m.(*image.Paletted); ok && int(p.ColorIndexAt(x, y)) >= len(p.Palette) {
					continue
				}
				r, g, b, a := m.At(x, y).RGBA()
				for k, v := range []uint32{r, g, b} {
					want := float64(v)/257 + float64(ground[k])*(1-float64(a)/65535)
					if v := float64(got.Row(y)[3*x+k]); math.Abs(v-want) > tolerance {
						t.Fatalf("%s: row %d, column %d, channel %d is %v, want %.1f", name, y, x, k, v, want)
					}
				}
			}
		}
	}
}

// A part of a view is that part of the whole, to the bit, and of a picture that is a part of another one too.
func TestViewParts(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for name, m := range every(23, 18) {
		for _, c := range []int{1, 3, 4} {
			whole := &View{Image: m, C: c, Ground: White}
			all, err := whole.Part(0, 0, 23, 18)
			if err != nil {
				t.Fatal(err)
			}
			v := &View{Image: m, C: c, Ground: White}
			for range 40 {
				x, y := r.IntN(23), r.IntN(18)
				w, h := 1+r.IntN(23-x), 1+r.IntN(18-y)
				got, err := v.Part(x, y, w, h)
				if err != nil {
					t.Fatal(err)
				}
				want, err := all.Part(x, y, w, h)
				if err != nil {
					t.Fatal(err)
				}
				pillowtest.Same(t, name, &got, &want)
			}
		}
	}
}

func TestViewRefuses(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 5, 4))
	for _, c := range []struct {
		channels, x, y, w, h int
		want                 string
	}{
		{2, 0, 0, 1, 1, "view of 2 channels, want 1, 3 or 4"},
		{1, 0, 3, 2, 2, "part of 2x2 at row 3, column 0, want it within 4x5"},
		{1, 0, 0, 1, 0, "part of 0x1 at row 0, column 0"},
	} {
		_, err := (&View{Image: m, C: c.channels}).Part(c.x, c.y, c.w, c.h)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// A view of a crop is resized like a picture of the crop alone: torchvision's resized_crop. The pixels around it do not
// count, but for the chroma that is interpolated across its border.
func TestViewCrops(t *testing.T) {
	crop := image.Rect(5, 4, 20, 15)
	for name, m := range every(23, 18) {
		whole, err := ToRGB(m, White)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := whole.Part(crop.Min.X, crop.Min.Y, crop.Dx(), crop.Dy())
		if err != nil {
			t.Fatal(err)
		}
		view := &View{Image: m, Canvas: crop, C: 3, Ground: White}
		got, want := pixels.New(7, 9, 3), pixels.New(7, 9, 3)
		var r pixels.Resizer
		for filter := pixels.Nearest; filter <= pixels.Lanczos; filter++ {
			if err := r.Resize(got, view, filter, pixels.Whole(view)); err != nil {
				t.Fatal(err)
			}
			if err := r.Resize(want, &alone, filter, pixels.Whole(&alone)); err != nil {
				t.Fatal(err)
			}
			pillowtest.Same(t, name, got, want)
		}
	}
}

// Converting and resizing a crop touches no more than the crop, and allocates nothing once there is a buffer.
func TestCropAllocates(t *testing.T) {
	m := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	v := &View{Image: m, C: 3, Ground: White}
	dst := pixels.New(20, 20, 3)
	var r pixels.Resizer
	crop := pixels.Rect{Left: 1000.5, Top: 2000, Right: 1040.25, Bottom: 2060}
	resize := func() {
		if err := r.Resize(dst, v, pixels.Bilinear, crop); err != nil {
			t.Fatal(err)
		}
	}
	memorytest.Limit(t, 64<<10, resize)
	if n := testing.AllocsPerRun(3, resize); n != 0 {
		t.Errorf("%v allocations for the second crop", n)
	}
}
