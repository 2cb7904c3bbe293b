package infer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"resnet/data"
	"resnet/nn"
)

// Evaluation is how a network does on a set of images.
type Evaluation struct {
	Images int `json:"images"`
	Score
	// Confusion counts images by label (row) and prediction (column).
	Confusion [][]int      `json:"confusion"`
	Classes   []ClassScore `json:"classes"` // by label
	// Macro is the mean over the classes that have images, each counting the
	// same; its support is the number of images.
	Macro ClassScore `json:"macro"`
	// Probabilities are those of the classes, image by image in the order in
	// which they were asked for.
	Probabilities [][]float32 `json:"-"`
}

// ClassScore is precision TP/(TP+FP), recall TP/(TP+FN), their harmonic mean
// F1 = 2TP/(2TP+FP+FN), and the number of images with this label. What would be
// 0/0 is 0.
type ClassScore struct {
	Name      string  `json:"name,omitempty"` // left to the caller
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Support   int     `json:"support"`
}

// Evaluate runs a network on the images idx of a set, or on all where idx is
// nil. The loss has the label smoothing of the plan's graph. The prediction is
// the first of the largest logits. The error is ctx's where that ended.
func Evaluate(ctx context.Context, exec nn.Executor, plan *nn.Plan, set *data.Set, idx []int32) (*Evaluation, error) {
	if idx == nil {
		idx = data.Sequence(make([]int32, set.Len()))
	}
	if len(idx) == 0 {
		return nil, errors.New("infer: evaluate: no images")
	}
	if err := CheckSet(plan.Graph, set); err != nil {
		return nil, fmt.Errorf("infer: evaluate: %w", err)
	}
	k := plan.Graph.Classes
	e := &Evaluation{Images: len(idx), Confusion: make([][]int, k), Probabilities: make([][]float32, 0, len(idx))}
	for i := range e.Confusion {
		e.Confusion[i] = make([]int, k)
	}
	f := NewFeeder(exec, plan)
	logits := make([]float32, plan.EvalBatch*k)
	var err error
	e.Score, err = f.Evaluate(ctx, set, idx, func(part []int32) error {
		z := logits[:len(part)*k]
		if err := exec.Read(nn.Ref{Value: plan.Graph.Logits}, nn.Bytes(z)); err != nil {
			return err
		}
		for i, image := range part {
			e.Confusion[set.Labels[image]][Argmax(z[i*k:(i+1)*k])]++
		}
		probs := make([]float32, len(part)*k)
		if err := exec.Read(nn.Ref{Value: plan.Graph.Probabilities}, nn.Bytes(probs)); err != nil {
			return err
		}
		e.Probabilities = slices.AppendSeq(e.Probabilities, slices.Chunk(probs, k))
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.Classes, e.Macro = classScores(e.Confusion)
	return e, nil
}

func Argmax(z []float32) int {
	best := 0
	for i, x := range z {
		if x > z[best] {
			best = i
		}
	}
	return best
}

func classScores(confusion [][]int) (classes []ClassScore, macro ClassScore) {
	classes = make([]ClassScore, len(confusion))
	var present float64
	for c := range classes {
		tp, predicted, support := confusion[c][c], 0, 0
		for i := range confusion {
			support += confusion[c][i]
			predicted += confusion[i][c]
		}
		s := ClassScore{Precision: ratio(tp, predicted), Recall: ratio(tp, support), F1: ratio(2*tp, predicted+support), Support: support}
		classes[c] = s
		if support == 0 {
			continue
		}
		present++
		macro.Precision += s.Precision
		macro.Recall += s.Recall
		macro.F1 += s.F1
		macro.Support += support
	}
	macro.Precision /= present
	macro.Recall /= present
	macro.F1 /= present
	return classes, macro
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Predict gives the class probabilities of n images, whose N x H x W x C bytes
// lie one after another in pixels.
func Predict(exec nn.Executor, plan *nn.Plan, pixels []byte, n int) ([][]float32, error) {
	g := plan.Graph
	each := g.Elems(g.Images, 1)
	if n < 1 || len(pixels) != n*each {
		return nil, fmt.Errorf("infer: predict: %d pixel bytes for %d images, want %d for each", len(pixels), n, each)
	}
	labels := make([]int32, plan.EvalBatch) // the loss wants some
	flat := make([]float32, n*g.Classes)
	probs := make([][]float32, n)
	for at := 0; at < n; at += plan.EvalBatch {
		end := min(at+plan.EvalBatch, n)
		if err := exec.Write(nn.Ref{Value: g.Images}, pixels[at*each:end*each]); err != nil {
			return nil, err
		}
		if err := exec.Write(nn.Ref{Value: g.Labels}, nn.Bytes(labels[:end-at])); err != nil {
			return nil, err
		}
		if err := exec.Run(nn.Eval, end-at); err != nil {
			return nil, err
		}
		if err := exec.Read(nn.Ref{Value: g.Probabilities}, nn.Bytes(flat[at*g.Classes:end*g.Classes])); err != nil {
			return nil, err
		}
	}
	for i := range probs {
		probs[i] = flat[i*g.Classes : (i+1)*g.Classes : (i+1)*g.Classes]
	}
	return probs, nil
}
