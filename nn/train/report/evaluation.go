package report

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strconv"

	"resnet/nn/infer"
)

// An evaluationView is an evaluation of the best weights in the form that the page's template needs.
type evaluationView struct {
	*infer.Evaluation
	Names    []string // of the classes; their numbers if they have none
	Matrix   [][]cell // empty if there are more than maxNumbers classes
	HeatMap  template.URL
	Confused []confusion // the most frequent ones, at most maxConfused
}

// A cell is a count of the confusion matrix. Shade, 0 to 1, is its share of the row. For mistakes it is the square root
// of the share, so that rare ones can be seen.
type cell struct {
	Count int
	Right bool
	Shade float64
	Text  string
}

// A confusion counts the images of one class that were predicted as another.
type confusion struct {
	Label, Predicted string
	Count            int
	Share            float64 // of the label's images
}

const (
	maxNumbers  = 32 // classes whose confusions are written as numbers
	maxConfused = 10
)

func newEvaluationView(e *infer.Evaluation) (*evaluationView, error) {
	if e == nil {
		return nil, nil
	}
	k := len(e.Classes)
	if len(e.Confusion) != k {
		return nil, fmt.Errorf("evaluation: confusion matrix of %d rows for %d classes, want equal",
			len(e.Confusion), k)
	}
	v := &evaluationView{Evaluation: e}
	for i := range e.Classes {
		v.Names = append(v.Names, cmp.Or(e.Classes[i].Name, strconv.Itoa(i)))
		if len(e.Confusion[i]) != k {
			return nil, fmt.Errorf("evaluation: confusion matrix of %d columns for %d classes, want equal",
				len(e.Confusion[i]), k)
		}
	}
	var matrix [][]cell
	for i, row := range e.Confusion {
		matrix = append(matrix, v.cells(i, row))
	}
	slices.SortStableFunc(v.Confused, func(a, b confusion) int { return cmp.Compare(b.Count, a.Count) })
	v.Confused = v.Confused[:min(len(v.Confused), maxConfused)]
	if k <= maxNumbers {
		v.Matrix = matrix
		return v, nil
	}
	var err error
	v.HeatMap, err = heatMap(matrix)
	return v, err
}

// cells converts the row of a label, and adds its mistakes to v.Confused.
func (v *evaluationView) cells(label int, row []int) []cell {
	total := 0
	for _, n := range row {
		total += n
	}
	cells := make([]cell, len(row))
	for k, n := range row {
		c := cell{Count: n, Right: k == label}
		if n > 0 {
			c.Shade = float64(n) / float64(total)
			c.Text = fmt.Sprintf("%s taken for %s: %d of %d (%s)",
				v.Names[label], v.Names[k], n, total, percent(c.Shade))
			if !c.Right {
				v.Confused = append(v.Confused, confusion{v.Names[label], v.Names[k], n, c.Shade})
				c.Shade = math.Sqrt(c.Shade)
			}
			c.Shade = math.Round(1e3*c.Shade) / 1e3
		}
		cells[k] = c
	}
	return cells
}

// heatMap draws the matrix with one pixel per cell. Shades are alpha values, which suit light and dark backgrounds.
func heatMap(matrix [][]cell) (template.URL, error) {
	im := image.NewNRGBA(image.Rect(0, 0, len(matrix), len(matrix)))
	for y, row := range matrix {
		for x, c := range row {
			shade := color.NRGBA{R: 0xe0, G: 0x6c, B: 0x1c, A: uint8(math.Round(255 * c.Shade))}
			if c.Right {
				shade.R, shade.G, shade.B = 0x3b, 0x7d, 0xdd
			}
			im.SetNRGBA(x, y, shade)
		}
	}
	return dataURI(im)
}

// dataURI encodes an image as a PNG in a data URI.
func dataURI(im image.Image) (template.URL, error) {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, im); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// A picture is a mistake in the form that the page's template needs.
type picture struct {
	*Mistake
	URL           template.URL
	Width, Height int
	Coarse        bool // so small that it is enlarged without smoothing
}

func gallery(mistakes []Mistake) ([]picture, error) {
	var all []picture
	for i := range mistakes {
		m := &mistakes[i]
		if m.Image == nil {
			return nil, fmt.Errorf("mistake %d: no image", i)
		}
		url, err := dataURI(m.Image)
		if err != nil {
			return nil, fmt.Errorf("mistake %d: %w", i, err)
		}
		size := m.Image.Bounds().Size()
		all = append(all, picture{m, url, size.X, size.Y, size.X < 100})
	}
	return all, nil
}
