package plots

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"resnet/nn"
)

func item(label int, probs ...float32) Item {
	return Item{Pixels: make([]byte, 4), Label: label, Probs: probs}
}

var square = GridOptions{Shape: nn.Shape{N: 1, C: 1, H: 2, W: 2}}

// TestMostConfidentMistakes: equal probabilities keep their order; correct and unlabelled items are left out; a
// probability of NaN comes last.
func TestMostConfidentMistakes(t *testing.T) {
	items := []Item{
		item(0, 0.3, 0.7),
		item(1, 0.3, 0.7),
		item(NoLabel, 0.9, 0.1),
		item(1, float32(math.NaN()), 0),
		item(0, 0.1, 0.9),
		item(1, 0.7, 0.3),
		item(1, 0.5, 0.5), // the first of equal classes is predicted
	}
	for i := range items {
		items[i].Name = string(rune('a' + i))
	}
	var got []string
	for _, it := range MostConfidentMistakes(items) {
		got = append(got, it.Name)
	}
	if want := []string{"e", "a", "f", "g", "d"}; !slices.Equal(got, want) {
		t.Errorf("mistakes %q, want %q", got, want)
	}
	if got := MostConfidentMistakes(items[1:3]); got != nil {
		t.Errorf("mistakes %v, want none", got)
	}
	var even, odd []Item // of two probabilities in turn
	for i := range 50 {
		even, odd = append(even, item(1, 0.9, 0.1)), append(odd, item(1, 0.6, 0.4))
		even[i].Name, odd[i].Name = fmt.Sprint(2*i), fmt.Sprint(2*i+1)
	}
	var mixed []Item
	for i := range even {
		mixed = append(mixed, even[i], odd[i])
	}
	want := append(even, odd...)
	for i, it := range MostConfidentMistakes(mixed) {
		if it.Name != want[i].Name {
			t.Fatalf("place %d is item %s, want %s: equals in their order", i, it.Name, want[i].Name)
		}
	}
}

// TestPredictionsFrames: there is a red frame around the one mistake and no red elsewhere.
func TestPredictionsFrames(t *testing.T) {
	items := []Item{item(0, 1, 0), item(1, 1, 0), item(NoLabel, 1, 0)}
	o := square
	o.Columns = 3
	img := paintPNG(t, func(path string) error { return Predictions(path, items, o) })
	const w = imageSide // an image of 2x2 is enlarged to 128 pixels, which is wider than the captions
	tile := newTiling(3, 3, w, 0, 20)
	for i, mistaken := range []bool{false, true, false} {
		x, y := tile.at(i)
		frame := count(img, x-3, y-3, w+6, w+6, wrong)
		want := 0
		if mistaken {
			want = ((w+6)*(w+6) - w*w) * dense * dense
		}
		if frame != want {
			t.Errorf("image %d: frame of %d red pixels, want %d", i, frame, want)
		}
		caption := count(img, x-3, y+w+3, w+6, 40, wrong)
		if mistaken != (caption > 50) || !mistaken && caption > 0 {
			t.Errorf("image %d: caption with %d red pixels, mistaken %t", i, caption, mistaken)
		}
	}
}

// TestPredictionsPixels: each pixel of an image becomes a block of exactly its colour, up to the edges.
func TestPredictionsPixels(t *testing.T) {
	for _, c := range []int{1, 3} {
		const h, w = 5, 7
		it := Item{Pixels: make([]byte, h*w*c), Label: NoLabel, Probs: []float32{1}}
		for i := range it.Pixels {
			it.Pixels[i] = byte(37 * i)
		}
		img := paintPNG(t, func(path string) error {
			return Predictions(path, []Item{it}, GridOptions{Shape: nn.Shape{N: 1, C: c, H: h, W: w}})
		})
		const block = int(imageSide) * dense / w
		x0, y0 := int(margin)*dense, int(heading+8)*dense
		for y := range h * block {
			for x := range w * block {
				p := it.Pixels[(y/block*w+x/block)*c:]
				want := color.RGBA{p[0], p[0], p[0], 255}
				if c == 3 {
					want = color.RGBA{p[0], p[1], p[2], 255}
				}
				if got := color.RGBAModel.Convert(img.At(x0+x, y0+y)); got != want {
					t.Fatalf("%d channels: pixel %d, %d is %v, want %v", c, x, y, got, want)
				}
			}
		}
	}
}

// TestTiling: few places stay empty, and no picture is one long column or row.
func TestTiling(t *testing.T) {
	for n, want := range map[int]int{1: 1, 10: 5, 12: 4, 25: 5, 64: 8, 100: 10} {
		if got := newTiling(n, 0, 100, 120, 20); got.columns != want {
			t.Errorf("%d tiles in %d columns, want %d", n, got.columns, want)
		}
	}
	for n := range 400 {
		for _, columns := range []int{0, 3, 500} {
			l := newTiling(n, columns, 100, 120, 20)
			if l.columns*l.rows < n || l.columns*(l.rows-1) >= max(n, 1) {
				t.Errorf("%d tiles in %d columns and %d rows", n, l.columns, l.rows)
			}
			if ratio := float64(l.columns) / float64(max(l.rows, 1)); columns == 0 && n > 4 &&
				(ratio < 0.6 || ratio > 5) {
				t.Errorf("%d tiles in %d columns and %d rows", n, l.columns, l.rows)
			}
		}
	}
}

func TestScaled(t *testing.T) {
	for _, c := range []struct{ w, h, wantW, wantH int }{
		{28, 28, 252, 252}, {3, 3, 255, 255}, {10, 20, 120, 240}, {200, 200, 200, 200}, {512, 256, 256, 128},
		{1, 1000, 1, 256},
	} {
		if w, h := scaled(c.w, c.h, 256); w != c.wantW || h != c.wantH {
			t.Errorf("%dx%d scaled to %dx%d, want %dx%d", c.w, c.h, w, h, c.wantW, c.wantH)
		}
	}
}

func TestWrong(t *testing.T) {
	items := []Item{item(0, 1, 0), item(1, 0.6, 0.4), item(1, 0.9, 0.1)}
	s := paintSVG(t, func(path string) error { return Wrong(path, items, 1, square) })
	if !s.has("2 of 3 images are classified wrongly") || !s.has("90.0 %") || s.has("60.0 %") {
		t.Errorf("texts %q, want the one of 90.0 %%", s.texts)
	}
	s = paintSVG(t, func(path string) error { return Wrong(path, items[:1], 1, square) })
	if !s.has("0 of 1 images are classified wrongly") || s.w < 100 || s.h < 50 {
		t.Errorf("no mistakes: picture of %gx%g, texts %q", s.w, s.h, s.texts)
	}
}

func TestGalleryErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "g.png")
	good := item(0, 1, 0)
	two := []Item{good, good}
	for _, c := range []struct {
		items  []Item
		change func(*GridOptions)
		want   string
	}{
		{nil, nil, "no images"},
		{two, func(o *GridOptions) { o.Columns = -1 }, "-1 columns"},
		{two, func(o *GridOptions) { o.Shape.C = 2 }, "images of 2x2 pixels and 2 channels"},
		{two, func(o *GridOptions) { o.Shape.H = 0 }, "images of 0x2 pixels"},
		{two, func(o *GridOptions) { o.Shape.H = 3 }, "image 0: 4 pixel bytes, want 3x2x1"},
		{two, func(o *GridOptions) { o.Classes = []string{"a"} }, "1 class names for 2 classes"},
		{[]Item{good, item(0, 1)}, nil, "image 1: 1 probabilities, want one for each of 2 classes"},
		{[]Item{item(0)}, nil, "image 0: 0 probabilities"},
		{[]Item{good, item(2, 1, 0)}, nil, "image 1: label 2, want 0 to 1"},
	} {
		o := square
		if c.change != nil {
			c.change(&o)
		}
		wantError(t, Predictions(path, c.items, o), "predictions: "+c.want)
	}
	wantError(t, Wrong(path, nil, 5, square), "wrong: no labelled images among 0")
	wantError(t, Wrong(path, []Item{item(NoLabel, 1, 0)}, 5, square), "wrong: no labelled images among 1")
	wantError(t, Wrong(path, two, 0, square), "wrong: 0 images wanted")
	wantError(t, Wrong(path, []Item{good, item(0, 1)}, 5, square), "wrong: image 1: 1 probabilities")
}
