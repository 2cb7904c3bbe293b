//go:build !nocuda

package cuda

import "resnet/gpu"

const (
	lossWarps  = blockThreads / 32 // images that a block computes at once
	lossBlocks = 256
	lossHeader = 16 // bytes of the block counter, before the partial sums
	lossPart   = 16 // bytes of the partial sums of a block: two doubles
)

func lossGrid(n int) gpu.Dim3 {
	return gpu.Dim3{X: min(ceilDiv(n, lossWarps), lossBlocks), Y: 1, Z: 1}
}

// LossScratch is the size of Loss' scratch in bytes. It must be zero before the first launch; each launch leaves it
// ready for the next.
func LossScratch(n int) int64 { return lossHeader + lossPart*int64(lossGrid(n).X) }

// Target is what N images should be classified as: the probability On at the label, an int32 of Labels, and Off at the
// other classes. Without label smoothing these are 1 and 0.
type Target struct {
	Labels     gpu.Ptr
	On, Off    float64
	Classes, N int
}

// Loss is softmax and cross-entropy: probs float32 (n,classes) = softmax(logits). It adds two numbers to metrics
// float64[2]: the sum of the losses, and the number of images whose largest logit, the first of equal ones, is that of
// the label.
//
//	loss = -Σ_k t_k log softmax(z)_k,  t = the target
//
// The arithmetic is float64.
func (k *Kernels) Loss(s *gpu.Stream, t gpu.DataType, probs, logits gpu.Ptr, target Target,
	metrics, scratch gpu.Ptr) error {
	n, classes := target.N, target.Classes
	if err := check("loss", classes*n, scratch); err != nil || classes*n == 0 {
		return err
	}
	return k.launchLoss(s, lossGrid(n), flatBlock, t, probs, logits, target.Labels, metrics, scratch,
		scratch.Add(lossHeader), target.On, target.Off, classes, n)
}

// LossBackward is the gradient of the batch's mean loss by the logits, times the loss scale:
//
//	dz (n,classes) = (p - t) / n * scale
//
// scale is the address of a float32, or 0 for a scale of 1.
func (k *Kernels) LossBackward(s *gpu.Stream, t gpu.DataType, dz, probs gpu.Ptr, target Target, scale gpu.Ptr) error {
	n, classes := target.N, target.Classes
	if err := check("loss_backward", classes*n); err != nil || classes*n == 0 {
		return err
	}
	return k.launchLossBackward(s, k.flat(classes*n, 1), flatBlock, t, dz, probs, target.Labels, scale,
		target.On, target.Off, classes, n)
}
