//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// workspaceLimit bounds the workspace of cuDNN's algorithms. It does not depend on free memory, so that the choice is
// the same in every run.
const workspaceLimit = 256 << 20

// convolution is a Conv on cuDNN:
//
//	forward   y = x * w  (+ bias)
//	backward  dw = x * dy,  dx = dy * wᵀ,  dbias = Σ dy
//
// cuDNN pads both sides alike. Where the op does not, x is copied with zeros around it, and the copy is convolved
// without padding.
type convolution struct {
	*binding
	op                                nn.Conv
	x, y, dx, dy                      tensorPtr
	hasDX                             bool
	padded                            nn.Shape // of the padded copy; zero where there is none
	xd, yd                            *gpu.Tensor
	wd                                *gpu.Filter
	w                                 gpu.Ptr
	desc                              *gpu.Convolution
	forwardAlgo, dataAlgo, filterAlgo gpu.Algorithm
	atCopy, atDW                      int64 // offsets in scratch memory, after the workspace
}

func init() { register((*binding).bindConv) }

func (c *binding) bindConv(op nn.Conv) (kernel, error) {
	v := &convolution{binding: c, op: op, x: c.in(0), y: c.out()}
	if c.training() {
		v.dy = c.dy()
		v.dx, v.hasDX = c.dx(0)
	}
	if err := v.describe(); err != nil {
		return kernel{}, err
	}
	if err := v.chooseAlgorithms(); err != nil {
		return kernel{}, err
	}
	k := kernel{forward: v.forward}
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
		v.padded = nn.Shape{N: x.N, C: x.C, H: p.Top + x.H + p.Bottom, W: p.Left + x.W + p.Right}
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
	v.closeWithProgram(v.wd)
	stride := v.op.EffectiveStride()
	if v.desc, err = gpu.NewConvolution(padH, padW, stride, stride, v.backend.convMath()); err != nil {
		return err
	}
	v.closeWithProgram(v.desc)
	return nil
}

// chooseAlgorithms chooses an algorithm for each pass, and asks for the scratch memory that they need.
func (v *convolution) chooseAlgorithms() error {
	dnn := v.backend.dnn
	search := gpu.Search{WorkspaceLimit: workspaceLimit, Deterministic: v.backend.config.Deterministic}
	list, err := dnn.ForwardAlgorithms(v.desc, v.xd, v.wd, v.yd, search)
	if err == nil {
		err = v.chooseAlgorithm("conv.forward", list, &v.forwardAlgo, v.forward)
	}
	if err == nil && v.training() {
		if list, err = dnn.BackwardFilterAlgorithms(v.desc, v.xd, v.yd, v.wd, search); err == nil {
			err = v.chooseAlgorithm("conv.weight", list, &v.filterAlgo, v.backwardWeight)
		}
	}
	if err == nil && v.hasDX {
		if list, err = dnn.BackwardDataAlgorithms(v.desc, v.wd, v.yd, v.xd, search); err == nil {
			err = v.chooseAlgorithm("conv.data", list, &v.dataAlgo, v.backwardData)
		}
	}
	if err != nil {
		return err
	}
	v.needScratch(v.layOut())
	return nil
}

// chooseAlgorithm sets *chosen to one of the algorithms for a pass; run computes the pass with *chosen.
func (v *convolution) chooseAlgorithm(pass string, list []gpu.Algorithm, chosen *gpu.Algorithm,
	run func() error) error {
	candidates := make([]candidate, len(list))
	for i, a := range list {
		*chosen = a
		candidates[i] = candidate{name: a.String(), scratch: v.layOut(), run: func() error {
			*chosen = a
			v.layOut()
			return run()
		}}
	}
	i, err := v.binding.choose(v.key(pass), candidates)
	*chosen = list[i]
	return err
}

// key names all that the speed of a pass depends on.
func (v *convolution) key(pass string) string {
	x, d := v.x.shape, v.desc
	if v.asymmetric() {
		x = v.padded
	}
	key := fmt.Sprintf("%s n=%d c=%d h=%d w=%d k=%d r=%d stride=%d pad=%dx%d %v %v",
		pass, v.plan.Batch, x.C, x.H, x.W, v.op.Out, v.op.Kernel, v.op.EffectiveStride(), d.PadH, d.PadW, v.x.t, d.Math)
	if v.backend.config.Deterministic {
		key += " deterministic"
	}
	return key
}

// layOut places the padded copy and the 16-bit dw after the workspace of the algorithms that are chosen so far. It
// returns the size of the whole.
func (v *convolution) layOut() int64 {
	workspace := max(v.forwardAlgo.Workspace, v.filterAlgo.Workspace, v.dataAlgo.Workspace)
	if v.op.Bias && v.training() {
		workspace = max(workspace, kernels.BiasScratch(v.y.rows(), v.op.Out))
	}
	v.atCopy = alignScratch(workspace)
	v.atDW = v.atCopy + alignScratch(size(v.x.t, v.padded.Elems()))
	end := v.atDW
	if v.params16 != nil && v.training() {
		end += size(v.x.t, v.weights())
	}
	return end
}

// alignScratch rounds up to an offset at which a tensor in scratch memory may begin.
func alignScratch(n int64) int64 { return (n + 255) / 256 * 256 }

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

// tensors is cuDNN's view of the node, with x, w and y or their gradients at these addresses.
func (v *convolution) tensors(x, w, y gpu.Ptr) gpu.ConvolutionTensors {
	return gpu.ConvolutionTensors{X: v.xd, W: v.wd, Y: v.yd, XPtr: x, WPtr: w, YPtr: y}
}

func (v *convolution) forward() error {
	b := v.backend
	x, err := v.input()
	if err != nil {
		return err
	}
	err = b.dnn.ConvolutionForward(v.desc, v.forwardAlgo, v.tensors(x, v.w, v.y.Ptr), v.workspace(), 0)
	if err != nil || !v.op.Bias {
		return err
	}
	return b.kernels.Bias(b.stream, v.y.t, v.y.Ptr, v.param(1), false, v.op.Out, v.y.elems())
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
	dx, beta := v.dx.Ptr, v.beta(0)
	if v.asymmetric() {
		dx, beta = v.scratch.Ptr.Add(v.atCopy), 0
	}
	err := b.dnn.ConvolutionBackwardData(v.desc, v.dataAlgo, v.tensors(dx, v.w, v.dy.Ptr), v.workspace(), beta)
	if err != nil || !v.asymmetric() {
		return err
	}
	return b.kernels.Crop(b.stream, v.dx.t, v.dx.Ptr, dx, v.border(), v.accumulate(0), v.x.shape.N)
}

// backwardWeight stores dw in float32. At 16-bit precisions cuDNN makes it in the type of the activations first.
func (v *convolution) backwardWeight() error {
	b := v.backend
	x, err := v.input()
	if err != nil {
		return err
	}
	dw := v.dparam(0)
	if v.params16 != nil {
		dw = v.scratch.Ptr.Add(v.atDW)
	}
	err = b.dnn.ConvolutionBackwardFilter(v.desc, v.filterAlgo, v.tensors(x, dw, v.dy.Ptr), v.workspace(), 0)
	if err != nil || v.params16 == nil {
		return err
	}
	return b.kernels.Uncast(b.stream, v.x.t, v.dparam(0), dw, v.weights())
}
