package picture

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"

	"resnet/data/pixels/pillowtest"
)

// The result is that of x/image/draw, which computes in float64, up to the bytes that Pillow rounds to between the
// passes. It cuts there too what the kernel's negative lobes make larger or smaller than a colour can be, which is why
// the noise is of middling brightness; that the bytes are Pillow's is tested in package pixels.
func TestScale(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][4]int{{40, 30, 28, 28}, {28, 28, 28, 28}, {9, 5, 28, 28}, {300, 7, 28, 3}, {1, 1, 5, 4},
		{61, 83, 7, 11}} {
		w, h := size[0], size[1]
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range m.Pix {
			m.Pix[i] = byte(80 + random.IntN(96))
			if i%4 == 3 {
				m.Pix[i] = 255
			}
		}
		want := image.NewRGBA(image.Rect(0, 0, size[2], size[3]))
		draw.CatmullRom.Scale(want, want.Rect, m, m.Rect, draw.Src, nil)
		got, err := (&still{m, m.Rect, 1}).scale(size[2], size[3])
		if err != nil {
			t.Fatal(err)
		}
		for y := range got.H {
			for x := range got.W {
				for k, v := range got.at(x, y) {
					// Bytes are rounded after each pass, and the other truncates its sums.
					if d := int(v) - int(want.Pix[want.PixOffset(x, y)+k]); d < -1 || d > 2 {
						t.Fatalf("%v: row %d, column %d, channel %d is %d, want %d", size, y, x, k, v,
							want.Pix[want.PixOffset(x, y)+k])
					}
				}
			}
		}
	}
}

// A picture in a corner of its canvas is what a picture of that size is which is transparent elsewhere.
func TestScaleCanvas(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 12, 9))
	random := rand.New(rand.NewPCG(3, 4))
	for i := range m.Pix {
		m.Pix[i] = byte(random.IntN(256))
	}
	canvas := image.Rect(-5, -3, 40, 30)
	whole := image.NewNRGBA(canvas)
	draw.Draw(whole, m.Rect, m, image.Point{}, draw.Src)
	got, err := (&still{m, canvas, 1}).scale(20, 17)
	if err != nil {
		t.Fatal(err)
	}
	want, err := (&still{whole, canvas, 1}).scale(20, 17)
	if err != nil {
		t.Fatal(err)
	}
	pillowtest.Same(t, "canvas", &got.Image, &want.Image)
}

func TestGround(t *testing.T) {
	light, dark, none := color.NRGBA{250, 250, 250, 255}, color.NRGBA{10, 10, 10, 255}, color.NRGBA{}
	for _, c := range []struct {
		border, inside color.NRGBA
		least, most    float64
	}{
		{light, dark, 0.9, 1},
		{dark, light, 0, 0.1},
		{none, dark, 0.9, 1}, // drawn for a light page
		{none, light, 0, 0.1},
		{none, none, 0.5, 0.5},
	} {
		m := image.NewNRGBA(image.Rect(0, 0, 28, 28))
		draw.Draw(m, m.Rect, image.NewUniform(c.border), image.Point{}, draw.Src)
		draw.Draw(m, image.Rect(8, 8, 20, 20), image.NewUniform(c.inside), image.Point{}, draw.Src)
		for _, invert := range []bool{false, true} {
			p, err := readBytes(pngOf(t, m), 28, 28, 1, invert)
			if err != nil {
				t.Fatal(err)
			}
			if p.Ground < c.least || p.Ground > c.most {
				t.Errorf("%v around %v, inverted %v: ground %.2f, want %g to %g", c.border, c.inside, invert, p.Ground,
					c.least, c.most)
			}
		}
	}
}

// Margins are not the picture's border.
func TestGroundWithoutMargins(t *testing.T) {
	for _, size := range [][2]int{{100, 10}, {10, 100}} {
		p, err := readBytes(pngOf(t, uniform(size[0], size[1], color.White)), 28, 28, 1, false)
		if err != nil || p.Ground < 0.99 {
			t.Errorf("white, %s: ground %.2f, %v, want 1", fmt.Sprint(size), p.Ground, err)
		}
	}
}
