package infer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"resnet/data"
	"resnet/data/memory"
	"resnet/nn"
)

// Evaluate runs a network on the images idx of a set, or on all if idx is nil. The loss has the label smoothing of the
// plan's graph. The predicted class is the one with the largest logit, the first of equal ones. If ctx ends, Evaluate
// returns its error.
func Evaluate(ctx context.Context, exec nn.Executor, set *data.Set, idx []int32) (*Evaluation, error) {
	plan := exec.Plan()
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
	if err := checkMemory(k, len(idx)); err != nil {
		return nil, err
	}
	e := &Evaluation{Images: len(idx), Confusion: make([][]int, k), Probabilities: make([][]float32, 0, len(idx))}
	for i := range e.Confusion {
		e.Confusion[i] = make([]int, k)
	}
	f := NewFeeder(exec)
	logits := make([]float32, plan.EvalBatch*k)
	var err error
	e.Score, err = f.Evaluate(ctx, set, idx, func(part []int32) error {
		z := logits[:len(part)*k]
		if err := exec.Read(nn.Ref{Value: plan.Graph.Logits}, nn.Bytes(z)); err != nil {
			return err
		}
		for i, image := range part {
			e.Confusion[set.Labels[image]][nn.Argmax(z[i*k:(i+1)*k])]++
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

// checkMemory says how much an evaluation of so many classes and images holds where this machine has less.
func checkMemory(classes, images int) error {
	counts, _ := memory.Product(classes, classes, 8)
	probabilities, _ := memory.Product(classes, images, 4)
	if err := memory.Fits(counts + probabilities); err != nil {
		return fmt.Errorf("infer: evaluate: confusion of %d classes and probabilities of %d images: %w", classes,
			images, err)
	}
	return nil
}

// Predict returns the class probabilities of n images, whose N x H x W x C bytes are in pixels.
func Predict(exec nn.Executor, pixels []byte, n int) ([][]float32, error) {
	plan := exec.Plan()
	g := plan.Graph
	each := g.Elems(g.Images, 1)
	if n < 1 || len(pixels) != n*each {
		return nil, fmt.Errorf("infer: predict: %d pixel bytes for %d images, want %d for each", len(pixels), n, each)
	}
	labels := make([]int32, plan.EvalBatch) // the loss reads labels; these are arbitrary
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
