package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/train/plots"
)

// gallerySize is how many images a picture of predictions or mistakes shows.
const gallerySize = 25

// drawing is what the pictures of an evaluation show.
type drawing struct {
	exec       nn.Executor
	graph      *nn.Graph
	evaluation *infer.Evaluation // of the whole set
	set        *data.Set
	split      string
	grid       plots.GridOptions
}

// draw writes confusion.png, predictions.png, wrong.png and filters.png. If one fails, the others are still written.
func (d *drawing) draw(dir string) error {
	in := func(name string) string { return filepath.Join(dir, name) }
	items := itemsOf(d.set, d.split, d.evaluation.Probabilities)
	return errors.Join(
		plots.Confusion(in("confusion.png"), d.evaluation, d.grid.Classes, plots.Options{}),
		plots.Predictions(in("predictions.png"), items[:min(gallerySize, len(items))], d.grid),
		plots.Wrong(in("wrong.png"), items, gallerySize, d.grid),
		drawFilters(in("filters.png"), d.exec, d.graph),
	)
}

// drawFilters draws the first convolution's kernels.
func drawFilters(path string, e nn.Executor, g *nn.Graph) error {
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if _, ok := n.Op.(nn.Conv); ok {
			w, err := readTensor(e, g, nn.Ref{Value: n.Params[0]})
			if err != nil {
				return err
			}
			return plots.Filters(path, w, g.Param(n.Params[0]).Shape, plots.Options{})
		}
	}
	return nil // a network without convolutions has no filters
}

// readTensor reads a parameter, or a tensor of its shape such as its gradient.
func readTensor(e nn.Executor, g *nn.Graph, r nn.Ref) ([]float32, error) {
	x := make([]float32, g.Elems(r.Value, 1))
	return x, e.Read(r, nn.Bytes(x))
}

// itemsOf lists a set's images with their probabilities; probs may be nil.
func itemsOf(set *data.Set, split string, probs [][]float32) []plots.Item {
	items := make([]plots.Item, set.Len())
	for i := range items {
		items[i] = itemOf(set, split, i)
		if probs != nil {
			items[i].Probs = probs[i]
		}
	}
	return items
}

func itemOf(set *data.Set, split string, i int) plots.Item {
	return plots.Item{Name: fmt.Sprintf("%s[%d]", split, i), Pixels: set.Image(i), Label: int(set.Labels[i])}
}

// gridOf returns how images of a model are drawn.
func gridOf(m models.Config, classes []string) plots.GridOptions {
	return plots.GridOptions{Shape: nn.Shape{N: 1, C: m.Channels, H: m.Height, W: m.Width}, Classes: classes}
}

func gridOptions(m *infer.Model) plots.GridOptions {
	return gridOf(m.Metadata().Model, m.Metadata().Classes)
}

// checkPlotFile refuses a name without a picture's extension.
func checkPlotFile(flag, path string) error {
	if path == "" {
		return nil
	}
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".png" && ext != ".svg" {
		return usagef("--%s %q, want a name that ends in .png or .svg", flag, path)
	}
	return nil
}
