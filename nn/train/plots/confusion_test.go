package plots

import (
	"fmt"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"resnet/nn/infer"
)

func confusionOf(counts [][]int, classes ...string) painter {
	return func(path string) error {
		return Confusion(path, &infer.Evaluation{Confusion: counts}, classes, Options{})
	}
}

// neighbours is a matrix of 100 images of each class: 75 are recognised and 25 are predicted as the next class.
func neighbours(k int) [][]int {
	counts := make([][]int, k)
	for i := range counts {
		counts[i] = make([]int, k)
		counts[i][i] = 75
		counts[i][(i+1)%k] += 25
	}
	return counts
}

// TestConfusionCells checks the colour of every cell for each of the ways to draw the matrix.
func TestConfusionCells(t *testing.T) {
	for _, k := range []int{2, 11, 25, 26, 64, 65, 1000} {
		m, err := newMatrix(neighbours(k))
		if err != nil {
			t.Fatal(err)
		}
		classes, err := names(nil, k)
		if err != nil {
			t.Fatal(err)
		}
		l := m.layout(classes)
		img := paintPNG(t, confusionOf(m.counts))
		if b := img.Bounds(); b.Dx() > 3000 || b.Dy() > 3000 {
			t.Errorf("%d classes: picture of %v, want at most 3000x3000", k, b.Size())
		}
		bad := 0
		for i := range k {
			for _, j := range []int{i, (i + 1) % k, (i + k/2) % k} {
				share := float64(m.counts[i][j]) / 100
				want := shade(share, i == j)
				// the corner of the cell, because text is in its middle
				x, y := (l.x+float64(j)*l.cell)*dense, (l.y+float64(i)*l.cell)*dense
				got := color.RGBAModel.Convert(img.At(int(x), int(y)))
				if got != want && bad < 5 {
					t.Errorf("%d classes: cell %d, %d is %v, want %v", k, i, j, got, want)
					bad++
				}
			}
		}
	}
}

func TestConfusionTexts(t *testing.T) {
	counts := func(k int) (n int) {
		for _, text := range paintSVG(t, confusionOf(neighbours(k))).texts {
			if text == "75" {
				n++
			}
		}
		return n
	}
	if n := counts(25); n != 25 {
		t.Errorf("25 classes: count 75 written %d times, want 25", n)
	}
	for _, k := range []int{26, 1000} {
		if n := counts(k); n > 2 { // class names are numbers too
			t.Errorf("%d classes: count 75 written %d times, want none", k, n)
		}
	}
	s := paintSVG(t, confusionOf([][]int{{0, 0, 5}, {0, 0, 0}, {0, 0, 6}}, "a", "b", "c"))
	zeros := 0
	for _, text := range s.texts {
		if text == "0" {
			zeros++
		}
	}
	if zeros != 2 { // that of class a, which has images of which none is recognised, and that of the key
		t.Errorf("0 written %d times, want 2", zeros)
	}
}

// TestConfusionLongNames: long names are shortened, and every row's text stays inside the picture.
func TestConfusionLongNames(t *testing.T) {
	long := strings.Repeat("long class name ", 20)
	for _, k := range []int{3, 40, 200} {
		classes := make([]string, k)
		for i := range classes {
			classes[i] = fmt.Sprint(i, " ", long)
		}
		m, err := newMatrix(neighbours(k))
		if err != nil {
			t.Fatal(err)
		}
		l := m.layout(classes)
		for _, name := range l.labels {
			if w := l.style.width(name); w > maxLabel || l.x-8-w < margin+16 {
				t.Errorf("%d classes: %q of width %g begins at %g", k, name, w, l.x-8-w)
			}
		}
		if s := paintSVG(t, confusionOf(m.counts, classes...)); s.w > 1400 || s.h > 1400 {
			t.Errorf("%d classes: picture of %gx%g", k, s.w, s.h)
		}
	}
}

func TestConfusionErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.png")
	wantError(t, Confusion(path, nil, nil, Options{}), "confusion: no evaluation")
	for _, c := range []struct {
		counts  [][]int
		classes []string
		want    string
	}{
		{nil, nil, "confusion: no classes"},
		{[][]int{{0, 0}, {0, 0}}, nil, "confusion: no images"},
		{[][]int{{1, 0}, {0}}, nil, "confusion: row 1 has 1 counts, want one for each of 2 classes"},
		{[][]int{{1, -2}, {0, 1}}, nil, "confusion: -2 images of class 0 predicted as 1"},
		{[][]int{{1, 0}, {0, 1}}, []string{"a"}, "confusion: 1 class names for 2 classes"},
		{make([][]int, 2001), nil, "confusion: 2001 classes, at most 2000"},
	} {
		wantError(t, Confusion(path, &infer.Evaluation{Confusion: c.counts}, c.classes, Options{}), c.want)
	}
}
