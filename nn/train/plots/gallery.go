package plots

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"resnet/nn"
)

// Item is an image and the network's prediction for it.
type Item struct {
	Name   string    // a small caption, or empty: "test[42]"
	Pixels []byte    // H*W*C, as data.Set.Image gives them
	Label  int       // the true class, or NoLabel
	Probs  []float32 // of each class
}

// NoLabel is the label of an image whose class is not known.
const NoLabel = -1

// predicted returns the class with the highest probability, the first of equals.
func (it *Item) predicted() int {
	likeliest := 0
	for i, p := range it.Probs {
		if p > it.Probs[likeliest] {
			likeliest = i
		}
	}
	return likeliest
}

func (it *Item) mistaken() bool { return it.Label != NoLabel && it.predicted() != it.Label }

// MostConfidentMistakes returns the items whose prediction is wrong, in the order of falling probability.
func MostConfidentMistakes(items []Item) []Item {
	var mistakes []Item
	for _, it := range items {
		if it.mistaken() {
			mistakes = append(mistakes, it)
		}
	}
	slices.SortStableFunc(mistakes, func(a, b Item) int {
		return cmp.Compare(b.Probs[b.predicted()], a.Probs[a.predicted()]) // NaN sorts last
	})
	return mistakes
}

// GridOptions apply to pictures that show many images.
type GridOptions struct {
	Options
	Shape   nn.Shape // of every image: C, 1 or 3, H and W
	Classes []string // names by label; nil: numbers
	Columns int      // 0: chosen from the number of images
}

// Predictions draws images with the predicted class, its probability and the true class if that is known. A wrong
// prediction has a red frame and a cross.
func Predictions(path string, items []Item, o GridOptions) error {
	f, err := o.predictions(path, items)
	if err != nil {
		return err
	}
	return f.save()
}

// PredictionsPNG is the content of the PNG file that [Predictions] writes.
func PredictionsPNG(items []Item, o GridOptions) ([]byte, error) {
	f, err := o.predictions("predictions.png", items)
	if err != nil {
		return nil, err
	}
	return f.encode()
}

func (o *GridOptions) predictions(path string, items []Item) (*figure, error) {
	classes, err := o.check(items)
	if err != nil {
		return nil, fmt.Errorf("plots: predictions: %w", err)
	}
	labelled := countLabelled(items)
	own := "Predictions"
	if labelled > 0 {
		own = fmt.Sprintf("Predictions: %d of %d correct", labelled-len(MostConfidentMistakes(items)), labelled)
	}
	return o.draw(path, items, classes, o.title(own), "the likeliest class and its probability")
}

// Wrong draws at most n of the most confident mistakes among the items. If there are none the picture says so.
func Wrong(path string, items []Item, n int, o GridOptions) error {
	labelled := countLabelled(items)
	if labelled == 0 {
		return fmt.Errorf("plots: wrong: no labelled images among %d", len(items))
	}
	if n < 1 {
		return fmt.Errorf("plots: wrong: %d images wanted, at least 1", n)
	}
	classes, err := o.check(items)
	if err != nil {
		return fmt.Errorf("plots: wrong: %w", err)
	}
	mistakes := MostConfidentMistakes(items)
	note := fmt.Sprintf("%d of %d images are classified wrongly", len(mistakes), labelled)
	f, err := o.draw(path, mistakes[:min(n, len(mistakes))], classes, o.title("Most confident mistakes"), note)
	if err != nil {
		return err
	}
	return f.save()
}

func countLabelled(items []Item) int {
	n := 0
	for i := range items {
		if items[i].Label != NoLabel {
			n++
		}
	}
	return n
}

// check validates the options and items, and returns the class names.
func (o *GridOptions) check(items []Item) (classes []string, err error) {
	s := o.Shape
	switch {
	case len(items) == 0:
		return nil, errors.New("no images")
	case o.Columns < 0:
		return nil, fmt.Errorf("%d columns, want 0 or more", o.Columns)
	case s.C != 1 && s.C != 3 || s.H < 1 || s.W < 1:
		return nil, fmt.Errorf("images of %dx%d pixels and %d channels, want at least 1x1 and 1 or 3 channels",
			s.H, s.W, s.C)
	}
	k := len(items[0].Probs)
	for i := range items {
		it := &items[i]
		switch {
		case len(it.Pixels) != s.H*s.W*s.C:
			return nil, fmt.Errorf("image %d: %d pixel bytes, want %dx%dx%d", i, len(it.Pixels), s.H, s.W, s.C)
		case len(it.Probs) == 0 || len(it.Probs) != k:
			return nil, fmt.Errorf("image %d: %d probabilities, want one for each of %d classes", i, len(it.Probs), k)
		case it.Label != NoLabel && (it.Label < 0 || it.Label >= k):
			return nil, fmt.Errorf("image %d: label %d, want 0 to %d", i, it.Label, k-1)
		}
	}
	return names(o.Classes, k)
}
