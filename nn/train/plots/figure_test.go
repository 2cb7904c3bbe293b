package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/train"
)

// painter draws one picture into a file.
type painter func(path string) error

// samples has one picture of each kind, with texts that it must show.
func samples() map[string]struct {
	paint painter
	texts []string
} {
	type sample = struct {
		paint painter
		texts []string
	}
	evaluation := &infer.Evaluation{Score: infer.Score{Accuracy: 0.75}, Confusion: [][]int{{3, 1}, {1, 3}}}
	items := []Item{
		{Name: "test[7]", Pixels: make([]byte, 6), Label: 1, Probs: []float32{0.75, 0.25}},
		{Pixels: make([]byte, 6), Label: 0, Probs: []float32{1, 0}},
	}
	o := GridOptions{Shape: nn.Shape{N: 1, C: 1, H: 2, W: 3}, Classes: []string{"<cat>", "dog & co"}}
	return map[string]sample{
		"curves": {
			func(path string) error { return Curves(path, []Run{{Rows: rows(3)}}, Options{}) },
			[]string{"Training curves", "Loss", "Accuracy, %", "Learning rate", "Epoch", "training", "validation",
				"best: 77.50 % in epoch 3"},
		},
		"comparison": {
			func(path string) error {
				return Curves(path, []Run{{"one", rows(2)}, {"two & three", rows(4)}}, Options{Title: "A < B"})
			},
			[]string{"A < B", "one: 75.00 % in epoch 2", "two & three: 80.00 % in epoch 4", "best epoch"},
		},
		"confusion": {
			func(path string) error { return Confusion(path, evaluation, o.Classes, Options{}) },
			[]string{"Confusion matrix: accuracy 75.00 %", "8 images of 2 classes", "<cat>", "dog & co", "3", "1",
				"True class", "Predicted class"},
		},
		"predictions": {
			func(path string) error { return Predictions(path, items, o) },
			[]string{"Predictions: 1 of 2 correct", "<cat>", "75.0 %", "true: dog & co", "true: <cat>", "100.0 %",
				"test[7]"},
		},
		"wrong": {
			func(path string) error { return Wrong(path, items, 5, o) },
			[]string{"Most confident mistakes", "1 of 2 images are classified wrongly", "<cat>", "true: dog & co"},
		},
		"filters": {
			func(path string) error {
				return Filters(path, []float32{-0.5, 0.25, 0, 0}, nn.Shape{N: 2, C: 1, H: 1, W: 2}, Options{})
			},
			[]string{"First layer: 2 kernels of 1x2", "±0.5", "±0"},
		},
	}
}

// rows returns n epochs. Validation accuracy is 72.5 %, 75 % and so on, training accuracy is 2 % above.
func rows(n int) []train.Row {
	var all []train.Row
	for e := 1; e <= n; e++ {
		t := float64(e)
		val := &infer.Score{Loss: 1.5 / t, Accuracy: 0.7 + 0.025*t}
		training := infer.Score{Loss: 1 / t, Accuracy: 0.72 + 0.025*t}
		all = append(all, train.Row{Epoch: e, LR: 1e-3, Train: training, Val: val})
	}
	return all
}

// TestPictures draws each kind in both formats. The PNG decodes and has two pixels for each of the SVG, the SVG is XML
// that holds the picture's texts, and a second drawing gives the same bytes.
func TestPictures(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			img := paintPNG(t, s.paint)
			svg := paintSVG(t, s.paint)
			if w, h := img.Bounds().Dx(), img.Bounds().Dy(); float64(w) != svg.w*dense || float64(h) != svg.h*dense {
				t.Errorf("PNG of %dx%d pixels, SVG of %gx%g", w, h, svg.w, svg.h)
			}
			for _, want := range s.texts {
				if !svg.has(want) {
					t.Errorf("no text %q in %q", want, svg.texts)
				}
			}
			for _, ext := range []string{".png", ".svg"} {
				if !bytes.Equal(paint(t, s.paint, ext), paint(t, s.paint, ext)) {
					t.Errorf("%s: other bytes the second time", ext)
				}
			}
		})
	}
}

func TestSVGNamesFontsThatOthersHave(t *testing.T) {
	for name, s := range samples() {
		content := string(paint(t, s.paint, ".svg"))
		texts := strings.Count(content, "<text")
		fallbacks := strings.Count(content, "font-family:'Liberation Sans',Arial,")
		if texts == 0 || texts != fallbacks {
			t.Errorf("%s: %d texts, %d with a font to fall back on", name, texts, fallbacks)
		}
		if strings.Contains(content, "image/jpg") {
			t.Errorf("%s: an image says that it is a JPEG", name)
		}
	}
}

func TestPath(t *testing.T) {
	curves := func(path string) error { return Curves(path, []Run{{Rows: rows(1)}}, Options{}) }
	dir := t.TempDir()
	if err := curves(filepath.Join(dir, "UPPER.PNG")); err != nil {
		t.Error(err)
	}
	wantError(t, curves(filepath.Join(dir, "curves.jpg")), `extension ".jpg", want .png or .svg`)
	wantError(t, curves(filepath.Join(dir, "curves")), `extension "", want .png or .svg`)
	if err := curves(filepath.Join(dir, "missing", "curves.png")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v, want %v", err, os.ErrNotExist)
	}
}

func TestPictureTooLarge(t *testing.T) {
	items := make([]Item, 2000)
	for i := range items {
		items[i] = Item{Pixels: []byte{0}, Label: NoLabel, Probs: []float32{1}}
	}
	err := Predictions(filepath.Join(t.TempDir(), "p.png"), items, GridOptions{Shape: nn.Shape{N: 1, C: 1, H: 1, W: 1}})
	wantError(t, err, "million pixels, at most 40 million (show less)")
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), "plots: ") || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want plots: ... %s", err, want)
	}
}

func paint(t *testing.T, p painter, ext string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture"+ext)
	if err := p(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func paintPNG(t *testing.T, p painter) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(paint(t, p, ".png")))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// svg is the part of an SVG file that the tests read; w and h are in CSS pixels.
type svg struct {
	w, h  float64
	texts []string
	paths []string // their styles
}

func (s *svg) has(text string) bool {
	for _, t := range s.texts {
		if t == text {
			return true
		}
	}
	return false
}

func paintSVG(t *testing.T, p painter) *svg {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(paint(t, p, ".svg")))
	s := &svg{}
	inText := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return s
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			attr := map[string]string{}
			for _, a := range e.Attr {
				attr[a.Name.Local] = a.Value
			}
			switch e.Name.Local {
			case "svg":
				s.w, s.h = points(t, attr["width"])/0.75, points(t, attr["height"])/0.75
			case "text":
				inText = true
			case "path":
				s.paths = append(s.paths, attr["style"])
			}
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				s.texts = append(s.texts, string(e))
			}
		}
	}
}

func points(t *testing.T, length string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(strings.TrimSuffix(length, "pt"), 64)
	if err != nil || !strings.HasSuffix(length, "pt") {
		t.Fatalf("length %q", length)
	}
	return x
}

// count returns the number of pixels of a colour in a rectangle of CSS pixels.
func count(img image.Image, x, y, w, h float64, c color.Color) int {
	n := 0
	r, g, b, _ := c.RGBA()
	for py := int(y * dense); py < int(math.Ceil((y+h)*dense)); py++ {
		for px := int(x * dense); px < int(math.Ceil((x+w)*dense)); px++ {
			if R, G, B, _ := img.At(px, py).RGBA(); R == r && G == g && B == b {
				n++
			}
		}
	}
	return n
}
