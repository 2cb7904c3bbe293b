package nn

import "fmt"

// SoftmaxCrossEntropy is loss = mean over the batch of -Σ_k t_k log softmax(z)_k, where t is 1 at the label and 0
// elsewhere, or with Smoothing s (Szegedy et al. 2016) 1-s+s/K at the label and s/K elsewhere. Its output is
// softmax(z). Each run adds to the metrics: the sum of the losses of the images, and the number of images whose largest
// logit (the first of equal ones) is that of the label.
type SoftmaxCrossEntropy struct{ Smoothing float32 }

func (SoftmaxCrossEntropy) Kind() string { return "softmax_cross_entropy" }

func (op SoftmaxCrossEntropy) Infer(in []Type) (Signature, error) {
	if op.Smoothing < 0 || op.Smoothing >= 1 {
		return Signature{}, fmt.Errorf("label smoothing %g, want 0 <= s < 1", op.Smoothing)
	}
	if len(in) != 2 || in[1].DType != Int32 {
		return Signature{}, fmt.Errorf("want logits and int32 labels")
	}
	return Signature{Out: in[0], ReadsY: true}, nil
}

func (SoftmaxCrossEntropy) FLOPs(in []Type) int64 { return 5 * int64(in[0].Shape.Elems()) }

// Targets are t at the label (on) and elsewhere (off).
func (op SoftmaxCrossEntropy) Targets(classes int) (on, off float64) {
	off = float64(op.Smoothing) / float64(classes)
	return 1 - float64(op.Smoothing) + off, off
}

// Argmax is the index of the largest element of z, the first of equal ones.
func Argmax[T float32 | float64](z []T) int {
	best := 0
	for i, x := range z {
		if x > z[best] {
			best = i
		}
	}
	return best
}
