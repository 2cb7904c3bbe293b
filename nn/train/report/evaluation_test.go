package report

import (
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
)

func decode(t *testing.T, url template.URL) image.Image {
	t.Helper()
	encoded, ok := strings.CutPrefix(string(url), "data:image/png;base64,")
	if !ok {
		t.Fatalf("%.40s is no picture", url)
	}
	im, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(encoded)))
	must(t, err)
	return im
}

func TestMatrix(t *testing.T) {
	e := evaluation(4)
	e.Classes[1].Name = ""
	e.Confusion[3] = make([]int, 4) // no image of the last class
	v, err := newEvaluationView(e)
	must(t, err)
	if v.HeatMap != "" || len(v.Matrix) != 4 {
		t.Fatalf("4 classes: %d rows of numbers, want 4 and no heat map", len(v.Matrix))
	}
	for i := range 3 {
		for k, want := range map[int]cell{
			i:           {Count: 90, Right: true, Shade: 0.9},
			(i + 1) % 4: {Count: 7, Shade: math.Round(1e3*math.Sqrt(0.07)) / 1e3},
			(i + 2) % 4: {Count: 3, Shade: math.Round(1e3*math.Sqrt(0.03)) / 1e3},
			(i + 3) % 4: {},
		} {
			got := v.Matrix[i][k]
			text := got.Text
			got.Text = ""
			if got != want || (text == "") != (want.Count == 0) {
				t.Errorf("cell %d %d: %+v and text %q, want %+v", i, k, got, text, want)
			}
		}
	}
	if got, want := v.Matrix[0][1].Text, "class 0 taken for 1: 7 of 100 (7.00\u00a0%)"; got != want {
		t.Errorf("a mistake reads %q, want %q", got, want)
	}
	for k, c := range v.Matrix[3] {
		if c != (cell{Right: k == 3}) {
			t.Errorf("cell 3 %d of a class without images: %+v", k, c)
		}
	}
	want := confusion{"class 0", "1", 7, 0.07}
	if len(v.Confused) != 6 || v.Confused[0] != want || v.Confused[3].Count != 3 {
		t.Errorf("confused %+v, want 6 with %+v first", v.Confused, want)
	}
}

// TestHeatMap: the matrix of many classes is an image of one pixel per cell, whose alpha value is the shade.
func TestHeatMap(t *testing.T) {
	v, err := newEvaluationView(evaluation(1000))
	must(t, err)
	if v.Matrix != nil || len(v.Confused) != maxConfused {
		t.Errorf("1000 classes: %d rows of numbers and %d confusions, want none and %d",
			len(v.Matrix), len(v.Confused), maxConfused)
	}
	if len(v.HeatMap) > 100_000 {
		t.Errorf("a heat map of %d bytes, want some that a page can hold", len(v.HeatMap))
	}
	im := decode(t, v.HeatMap).(*image.NRGBA)
	if im.Bounds() != image.Rect(0, 0, 1000, 1000) {
		t.Fatalf("heat map of %v", im.Bounds())
	}
	right, wrong, none := im.NRGBAAt(500, 500), im.NRGBAAt(501, 500), im.NRGBAAt(500, 501)
	if right.A != 230 || wrong.A != 68 || none.A != 0 { // 255 times 0.9, sqrt 0.07 rounded to 0.265, 0
		t.Errorf("opacities %d, %d and %d, want 230, 68 and 0", right.A, wrong.A, none.A)
	}
	right.A, wrong.A = 0, 0
	if right == wrong {
		t.Errorf("right and wrong have one colour, %v", right)
	}
}

func TestGallery(t *testing.T) {
	mistakes := sample()[0].Mistakes
	pictures, err := gallery(mistakes)
	must(t, err)
	for i, p := range pictures {
		want, got := mistakes[i].Image, decode(t, p.URL)
		size := want.Bounds().Size()
		if got.Bounds().Size() != size || p.Width != size.X || p.Height != size.Y || p.Coarse != (size.X < 100) {
			t.Fatalf("picture %d of %v, %d x %d, coarse %v, want %v",
				i, got.Bounds(), p.Width, p.Height, p.Coarse, size)
		}
		for y := range size.Y {
			for x := range size.X {
				a := want.At(want.Bounds().Min.X+x, want.Bounds().Min.Y+y)
				if b := color.NRGBAModel.Convert(got.At(x, y)); a != b {
					t.Fatalf("picture %d at %d %d: %v, want %v", i, x, y, b, a)
				}
			}
		}
	}
}
