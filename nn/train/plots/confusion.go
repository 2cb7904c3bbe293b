package plots

import (
	"errors"
	"fmt"

	"resnet/nn/infer"
)

// The number of classes decides how a confusion matrix is drawn: with names and counts up to maxCounts, with names up
// to maxNames, and as a heat map with some class numbers up to maxClasses.
const (
	maxCounts  = 25
	maxNames   = 64
	maxClasses = 2000
)

// Confusion draws a confusion matrix: true classes are rows, predictions are columns. The shade of a cell is the square
// root of its share of the row, so that small shares can be seen; correct predictions are blue, mistakes vermilion.
// Classes are the names by label; if there are none the labels are shown.
func Confusion(path string, e *infer.Evaluation, classes []string, o Options) error {
	if e == nil {
		return errors.New("plots: confusion: no evaluation")
	}
	m, err := newMatrix(e.Confusion)
	if err != nil {
		return fmt.Errorf("plots: confusion: %w", err)
	}
	labels, err := names(classes, len(m.counts))
	if err != nil {
		return fmt.Errorf("plots: confusion: %w", err)
	}
	own := fmt.Sprintf("Confusion matrix: accuracy %.2f %%", 100*e.Accuracy)
	note := fmt.Sprintf("%d images of %d classes", m.images, len(m.counts))
	return m.draw(path, o.title(own), note, labels)
}

// matrix is a confusion matrix that passed the checks of newMatrix.
type matrix struct {
	counts  [][]int
	support []int // images of each class, the sum of its row
	images  int
}

func newMatrix(counts [][]int) (*matrix, error) {
	k := len(counts)
	if k == 0 {
		return nil, errors.New("no classes")
	}
	if k > maxClasses {
		return nil, fmt.Errorf("%d classes, at most %d in one picture", k, maxClasses)
	}
	m := &matrix{counts: counts, support: make([]int, k)}
	for i, row := range counts {
		if len(row) != k {
			return nil, fmt.Errorf("row %d has %d counts, want one for each of %d classes", i, len(row), k)
		}
		for j, n := range row {
			if n < 0 {
				return nil, fmt.Errorf("%d images of class %d predicted as %d, want no less than 0", n, i, j)
			}
			m.support[i] += n
		}
		m.images += m.support[i]
	}
	if m.images == 0 {
		return nil, errors.New("no images")
	}
	return m, nil
}

// share is the fraction of row i's images that are in column j.
func (m *matrix) share(i, j int) float64 {
	if m.support[i] == 0 {
		return 0
	}
	return float64(m.counts[i][j]) / float64(m.support[i])
}
