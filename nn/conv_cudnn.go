//go:build !nocuda

package nn

import (
	"resnet/gpu"
	"resnet/kernels/cuda"
)

// workspaceLimit bounds what an algorithm of cuDNN may ask for. It is a
// constant: were it what is free, the choice would differ from run to run.
const workspaceLimit = 256 << 20

// convolution is a Conv on cuDNN:
//
//	forward   y = x * w  (+ bias)
//	backward  dw = x * dy,  dx = dy * wᵀ,  dbias = Σ dy
//
// cuDNN pads both sides alike. Where the op does not, the image is copied into
// one with its zeros around it, and the copy is convolved without padding.
type convolution struct {
	*cudaBinding
	op                                Conv
	x, y, dx, dy                      tensorPtr
	hasDX                             bool
	padded                            Shape // of the copy; zero where there is none
	xd, yd                            *gpu.Tensor
	wd                                *gpu.Filter
	w                                 gpu.Ptr
	desc                              *gpu.Convolution
	forwardAlgo, dataAlgo, filterAlgo gpu.Algorithm
	atCopy, atWeight                  int64 // in scratch, behind the workspace
}

func (c *cudaBinding) bindConv(op Conv) (cudaKernel, error) {
	v := &convolution{cudaBinding: c, op: op, x: c.in(0), y: c.out()}
	if c.training() {
		v.dy = c.dy()
		v.dx, v.hasDX = c.dx(0)
	}
	if err := v.describe(); err != nil {
		return cudaKernel{}, err
	}
	if err := v.choose(); err != nil {
		return cudaKernel{}, err
	}
	k := cudaKernel{forward: v.forward}
	if c.training() {
		k.backward = v.backward
	}
	return k, nil
}

func (v *convolution) describe() error {
	p, x := v.op.Pad, v.x.shape
	padH, padW := p.Top, p.Left
	if p.Top != p.Bottom || p.Left != p.Right {
		padH, padW = 0, 0
		v.padded = Shape{x.N, x.C, p.Top + x.H + p.Bottom, p.Left + x.W + p.Right}
		x = v.padded
	}
	var t gpu.DataType
	v.w, t = v.weight(0)
	var err error
	if v.xd, err = v.descriptor(t, x); err != nil {
		return err
	}
	if v.yd, err = v.descriptor(t, v.y.shape); err != nil {
		return err
	}
	if v.wd, err = gpu.NewFilter(t, v.op.Out, x.C, v.op.Kernel, v.op.Kernel); err != nil {
		return err
	}
	v.keep(v.wd)
	if v.desc, err = gpu.NewConvolution(padH, padW, v.op.stride(), v.op.stride(), v.backend.math()); err != nil {
		return err
	}
	v.keep(v.desc)
	return nil
}

// choose takes cuDNN's advice for each pass, and the scratch memory that it costs.
func (v *convolution) choose() error {
	dnn := v.backend.dnn
	search := gpu.Search{WorkspaceLimit: workspaceLimit, Deterministic: v.backend.config.Deterministic}
	var err error
	if v.forwardAlgo, err = dnn.ForwardAlgorithm(v.desc, v.xd, v.wd, v.yd, search); err != nil {
		return err
	}
	if v.training() {
		if v.filterAlgo, err = dnn.BackwardFilterAlgorithm(v.desc, v.xd, v.yd, v.wd, search); err != nil {
			return err
		}
	}
	if v.hasDX {
		if v.dataAlgo, err = dnn.BackwardDataAlgorithm(v.desc, v.wd, v.yd, v.xd, search); err != nil {
			return err
		}
	}
	workspace := max(v.forwardAlgo.Workspace, v.filterAlgo.Workspace, v.dataAlgo.Workspace)
	if v.op.Bias && v.training() {
		workspace = max(workspace, cuda.BiasScratch(v.y.rows(), v.op.Out))
	}
	v.atCopy = alignScratch(workspace)
	v.atWeight = v.atCopy + alignScratch(size(v.x.t, v.padded.Elems()))
	end := v.atWeight
	if v.halves != nil && v.training() {
		end += size(v.x.t, v.weights())
	}
	v.needScratch(end)
	return nil
}

// alignScratch is where the next thing in scratch memory may begin.
func alignScratch(n int64) int64 { return (n + 255) / 256 * 256 }

// weights is the number of elements of the weight.
func (v *convolution) weights() int { return v.graph.Elems(v.node.Params[0], 1) }

func (v *convolution) asymmetric() bool { return v.padded != Shape{} }

// image is the input as cuDNN is to read it.
func (v *convolution) image() (gpu.Ptr, error) {
	if !v.asymmetric() {
		return v.x.Ptr, nil
	}
	b, s, p := v.backend, v.x.shape, v.op.Pad
	at := v.scratch.Ptr.Add(v.atCopy)
	return at, b.kernels.Pad(b.stream, v.x.t, at, v.x.Ptr, s.N, s.H, s.W, s.C, p.Top, p.Left, p.Bottom, p.Right)
}

func (v *convolution) forward() error {
	b := v.backend
	x, err := v.image()
	if err != nil {
		return err
	}
	if err := b.dnn.ConvolutionForward(v.desc, v.forwardAlgo, v.xd, x, v.wd, v.w, v.workspace(), v.yd, v.y.Ptr, 0); err != nil {
		return err
	}
	if !v.op.Bias {
		return nil
	}
	return b.kernels.Bias(b.stream, v.y.t, v.y.Ptr, v.param(1), false, v.op.Out, v.y.elems())
}

func (v *convolution) backward() error {
	if err := v.backwardWeight(); err != nil {
		return err
	}
	b := v.backend
	if v.op.Bias {
		if err := b.kernels.BiasBackward(b.stream, v.dy.t, v.dparam(1), v.dy.Ptr, v.workspace(), v.dy.rows(), v.op.Out); err != nil {
			return err
		}
	}
	if !v.hasDX {
		return nil
	}
	if !v.asymmetric() {
		return b.dnn.ConvolutionBackwardData(v.desc, v.dataAlgo, v.wd, v.w, v.yd, v.dy.Ptr, v.workspace(), v.xd, v.dx.Ptr, v.beta(0))
	}
	at, s, p := v.scratch.Ptr.Add(v.atCopy), v.x.shape, v.op.Pad
	if err := b.dnn.ConvolutionBackwardData(v.desc, v.dataAlgo, v.wd, v.w, v.yd, v.dy.Ptr, v.workspace(), v.xd, at, 0); err != nil {
		return err
	}
	return b.kernels.Crop(b.stream, v.dx.t, v.dx.Ptr, at, s.N, s.H, s.W, s.C, p.Top, p.Left, p.Bottom, p.Right, v.accumulate(0))
}

// backwardWeight leaves dw in float32; in 16 bits cuDNN makes it in the type of
// the activations first.
func (v *convolution) backwardWeight() error {
	b := v.backend
	x, err := v.image()
	if err != nil {
		return err
	}
	dw := v.dparam(0)
	if v.halves != nil {
		dw = v.scratch.Ptr.Add(v.atWeight)
	}
	if err := b.dnn.ConvolutionBackwardFilter(v.desc, v.filterAlgo, v.xd, x, v.yd, v.dy.Ptr, v.workspace(), v.wd, dw, 0); err != nil || v.halves == nil {
		return err
	}
	return b.kernels.Uncast(b.stream, v.x.t, v.dparam(0), dw, v.weights())
}
