//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// Head is the end of a network, from the matrix product of a hidden layer to the loss, computed in float32 and, for
// softmax and loss, float64:
//
//	h = z + bias, with ReLU max(h, 0)          N,Features, not stored
//	logits = h weightᵀ + outBias               N,Classes
//	probs = softmax(logits), and loss and correct are added to Metrics as [Kernels.Loss] has it
//	gradient = (probs - target) / N * scale    of the mean loss by the logits
//
// Without a hidden layer z is the classifier's input, Bias 0 and ReLU false.
type Head struct {
	N, Features, Classes    int
	Z                       gpu.Ptr // N,Features of the element type
	Bias                    gpu.Ptr // float32[Features]; 0: none
	ReLU                    bool
	Weight, OutBias         gpu.Ptr // float32 Classes,Features and [Classes]
	Labels, Metrics         gpu.Ptr // int32[N] and float64[2]
	On, Off                 float64 // the target at the label and elsewhere
	Logits, Probs, Gradient gpu.Ptr // float32 N,Classes; Gradient 0: not wanted
	Scale                   gpu.Ptr // of the loss, a float32; 0: 1
	Scratch                 gpu.Ptr // HeadScratch bytes, zero before the first launch; reusable after it
}

const (
	headVector  = 4  // features of a thread
	headTile    = 4  // features of a block, backward
	headClasses = 32 // at most
)

// HeadScratch is the size of Scratch in bytes.
const HeadScratch = lossHeader + lossPart*lossBlocks

// HeadFits says whether the kernels support a classifier: up to 32 classes, and a multiple of 4 features.
func HeadFits(features, classes int) bool {
	return 0 < features && features%headTile == 0 && 0 < classes && classes <= headClasses
}

// push adds the fields in the order of the kernels' struct.
func (a Head) push(args *gpu.Args) {
	for _, p := range [...]gpu.Ptr{a.Z, a.Bias, a.Weight, a.OutBias, a.Labels, a.Scale, a.Logits, a.Probs, a.Gradient} {
		args.Ptr(p)
	}
	args.Float64(a.On)
	args.Float64(a.Off)
	for _, v := range [...]int{a.N, a.Features, a.Classes} {
		args.Int32(int32(v))
	}
	args.Uint32(flag(a.ReLU))
}

// forward is the grid and block, and how many warps compute one image: several if the images alone would leave
// multiprocessors idle.
func (a *Head) forward(k *Kernels) (grid, block gpu.Dim3, team int) {
	const warp, busy = 32, 16 // busy: warps that keep a multiprocessor busy
	multiprocessors := max(k.blocks*blockThreads/residentThreads, 1)
	team = blockThreads / warp
	for team > 1 && (team*warp*headVector > a.Features || a.N*team > busy*multiprocessors) {
		team /= 2
	}
	images := min(ceilDiv(a.N, multiprocessors), blockThreads/warp/team)
	grid = gpu.Dim3{X: min(ceilDiv(a.N, images), lossBlocks), Y: 1, Z: 1}
	return grid, gpu.Dim3{X: images * team * warp, Y: 1, Z: 1}, team
}

// Head computes logits, probabilities, metrics and the gradient of the loss.
func (k *Kernels) Head(s *gpu.Stream, t gpu.DataType, a *Head) error {
	if err := a.check("head", a.Scratch); err != nil || a.N == 0 {
		return err
	}
	grid, block, team := a.forward(k)
	return k.launchHead(s, grid, block, t, *a, a.Metrics, a.Scratch, a.Scratch.Add(lossHeader), team)
}

// HeadBackward computes the gradients of Head's operands from its Gradient:
//
//	dweight = gradientᵀ h,  doutBias = Σ gradient            float32
//	dh = gradient weight, with ReLU 0 where h <= 0           N,Features of the element type
//	dbias = Σ dh, as it was rounded                          float32; 0: not wanted
//
// Sums are float32, in an order that depends on N alone.
func (k *Kernels) HeadBackward(s *gpu.Stream, t gpu.DataType, a *Head, dh, dbias, dweight, doutBias gpu.Ptr) error {
	if err := a.check("head_backward", dh); err != nil || a.N == 0 {
		return err
	}
	if a.Gradient == 0 {
		return fmt.Errorf("cuda: head_backward: no Gradient: let Head make it")
	}
	const share, warp = 2, 32 // share: threads of an image
	block := gpu.Dim3{X: min(ceilDiv(a.N*share, warp)*warp, blockThreads), Y: 1, Z: 1}
	grid := gpu.Dim3{X: a.Features/headTile + 1, Y: 1, Z: 1}
	return k.launchHeadBackward(s, grid, block, t, *a, dh, dbias, dweight, doutBias)
}

// check returns an error for sizes that the kernels do not support. other is another tensor to check.
func (a *Head) check(kernel string, other gpu.Ptr) error {
	if !HeadFits(a.Features, a.Classes) || a.N < 0 {
		return fmt.Errorf("cuda: %s: %d images of %d features and %d classes: want a multiple of 4 features "+
			"and at most %d classes",
			kernel, a.N, a.Features, a.Classes, headClasses)
	}
	return check(kernel, a.N*max(a.Features, a.Classes), a.Z, a.Bias, a.Weight, other)
}
