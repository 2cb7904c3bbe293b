//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// convolution is a Conv on cuDNN, or, in a pass that cuDNN refuses, on our direct kernels:
//
//	forward   y = x * w  (+ bias)
//	backward  dw = x * dy,  dx = dy * wᵀ,  dbias = Σ dy
//
// cuDNN pads both sides alike. Where the op does not, x is copied with zeros around it, and the copy is convolved
// without padding.
type convolution struct {
	*binding
	op           nn.Conv
	x, y, dx, dy tensorPtr
	hasDX        bool
	padded       nn.Shape // of the padded copy; zero where there is none
	w            gpu.Ptr
	xd, yd       *gpu.Tensor
	wd           *gpu.Filter
	desc         *gpu.Convolution
	// The algorithm of each pass; nil is our direct kernel.
	forwardAlgo, dataAlgo, filterAlgo *gpu.Algorithm
	atCopy, atDW                      int64 // offsets in scratch memory, after the workspace
}

func init() { register((*binding).bindConv) }

func (c *binding) bindConv(op nn.Conv) (kernel, error) {
	v := &convolution{binding: c, op: op, x: c.in(0), y: c.out()}
	if c.training() {
		v.dy = c.dy()
		v.dx, v.hasDX = c.dx(0)
	}
	if p, x := op.Pad, v.x.shape; p.Top != p.Bottom || p.Left != p.Right {
		v.padded = nn.Shape{N: x.N, C: x.C, H: p.Top + x.H + p.Bottom, W: p.Left + x.W + p.Right}
	}
	v.w, _ = c.weight(0)
	if err := v.chooseAlgorithms(); err != nil {
		return kernel{}, err
	}
	k := kernel{forward: v.forward}
	if c.training() {
		k.backward = v.backward
	}
	return k, nil
}

// image is the shape of what cuDNN reads: x or its padded copy; pad is what cuDNN pads it with.
func (v *convolution) image() (x nn.Shape, padH, padW int) {
	if v.asymmetric() {
		return v.padded, 0, 0
	}
	return v.x.shape, v.op.Pad.Top, v.op.Pad.Left
}

// describe makes cuDNN's descriptors.
func (v *convolution) describe() error {
	x, padH, padW := v.image()
	_, t := v.weight(0)
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
	v.closeWithProgram(v.wd)
	stride := v.op.EffectiveStride()
	if v.desc, err = gpu.NewConvolution(padH, padW, stride, stride, v.backend.convMath()); err != nil {
		return err
	}
	v.closeWithProgram(v.desc)
	return nil
}

// weights is the number of elements of the weight.
func (v *convolution) weights() int { return v.graph.Elems(v.node.Params[0], 1) }

func (v *convolution) asymmetric() bool { return v.padded != nn.Shape{} }

// input is x as cuDNN reads it, padded where both sides are not padded alike.
func (v *convolution) input() (gpu.Ptr, error) {
	if !v.asymmetric() {
		return v.x.Ptr, nil
	}
	at := v.scratch.Ptr.Add(v.atCopy)
	return at, v.backend.kernels.Pad(v.backend.stream, v.x.t, at, v.x.Ptr, v.border(), v.x.shape.N)
}

func (v *convolution) border() kernels.Border {
	s, p := v.x.shape, v.op.Pad
	return kernels.Border{H: s.H, W: s.W, C: s.C, Top: p.Top, Left: p.Left, Bottom: p.Bottom, Right: p.Right}
}

// direct is the convolution as our direct kernels see it.
func (v *convolution) direct() kernels.Direct {
	r, stride := v.op.Kernel, v.op.EffectiveStride()
	return kernels.Direct{Input: pooling(v.x.shape, v.y.shape, r, r, stride, v.op.Pad), Out: v.op.Out}
}

// tensors is cuDNN's view of the node, with x, w and y or their gradients at these addresses.
func (v *convolution) tensors(x, w, y gpu.Ptr) gpu.ConvolutionTensors {
	return gpu.ConvolutionTensors{X: v.xd, W: v.wd, Y: v.yd, XPtr: x, WPtr: w, YPtr: y}
}

func (v *convolution) forward() error {
	if err := v.product(); err != nil || !v.op.Bias {
		return err
	}
	b := v.backend
	return b.kernels.Bias(b.stream, v.y.t, v.y.Ptr, v.param(1), false, v.op.Out, v.y.elems())
}

// product is y = x * w.
func (v *convolution) product() error {
	b := v.backend
	if v.forwardAlgo == nil {
		return b.kernels.DirectConvolution(b.stream, v.y.t, v.y.Ptr, v.x.Ptr, v.w, v.direct(), v.n)
	}
	x, err := v.input()
	if err != nil {
		return err
	}
	return b.dnn.ConvolutionForward(v.desc, *v.forwardAlgo, v.tensors(x, v.w, v.y.Ptr), v.workspace(), 0)
}

func (v *convolution) backward() error {
	if err := v.backwardWeight(); err != nil {
		return err
	}
	b := v.backend
	if v.op.Bias {
		dbias, rows := v.dparam(1), v.dy.rows()
		err := b.kernels.BiasBackward(b.stream, v.dy.t, dbias, v.dy.Ptr, v.workspace(), rows, v.op.Out)
		if err != nil {
			return err
		}
	}
	if !v.hasDX {
		return nil
	}
	return v.backwardData()
}

func (v *convolution) backwardData() error {
	b := v.backend
	if v.dataAlgo == nil {
		return b.kernels.DirectDataGradient(b.stream, v.dx.t, v.dx.Ptr, v.dy.Ptr, v.w, v.direct(), v.accumulate(0), v.n)
	}
	dx, beta := v.dx.Ptr, v.beta(0)
	if v.asymmetric() {
		dx, beta = v.scratch.Ptr.Add(v.atCopy), 0
	}
	err := b.dnn.ConvolutionBackwardData(v.desc, *v.dataAlgo, v.tensors(dx, v.w, v.dy.Ptr), v.workspace(), beta)
	if err != nil || !v.asymmetric() {
		return err
	}
	return b.kernels.Crop(b.stream, v.dx.t, v.dx.Ptr, dx, v.border(), v.accumulate(0), v.x.shape.N)
}

// backwardWeight stores dw in float32. At 16-bit precisions cuDNN makes it in the type of the activations first.
func (v *convolution) backwardWeight() error {
	b := v.backend
	if v.filterAlgo == nil {
		return b.kernels.DirectWeightGradient(b.stream, v.x.t, v.dparam(0), v.x.Ptr, v.dy.Ptr, v.direct(), v.n)
	}
	x, err := v.input()
	if err != nil {
		return err
	}
	dw := v.dparam(0)
	if v.params16 != nil {
		dw = v.scratch.Ptr.Add(v.atDW)
	}
	err = b.dnn.ConvolutionBackwardFilter(v.desc, *v.filterAlgo, v.tensors(x, dw, v.dy.Ptr), v.workspace(), 0)
	if err != nil || v.params16 == nil {
		return err
	}
	return b.kernels.Uncast(b.stream, v.x.t, v.dparam(0), dw, v.weights())
}
