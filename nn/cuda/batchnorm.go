//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// bindBatchNorm chooses between cuDNN's batch norm and our own kernels. CuDNN's
// is left out for bfloat16, which its interface does not name, and for a batch
// of one value, for which its unbiased variance is 0/0. Both keep save_mean and
// save_invstd for backward; the ReLU's mask is found again from y.
func (c *binding) bindBatchNorm(op nn.BatchNorm) (kernel, error) {
	own, dnn := newBatchNorm(c, op), newBatchNorm(c, op)
	ownKernel := own.bindKernels()
	if own.x.t == gpu.BFloat16 || own.x.rows() == 1 {
		c.needScratch(own.scratchBytes)
		return ownKernel, nil
	}
	dnnKernel, err := dnn.bindDNN()
	if err != nil {
		return kernel{}, err
	}
	i, err := c.choose(own.key(), []candidate{
		{name: "cuDNN", scratch: dnn.scratchBytes, run: dnnKernel.forwardAndBackward()},
		{name: "own kernels", scratch: own.scratchBytes, run: ownKernel.forwardAndBackward()},
	})
	if err != nil {
		return kernel{}, err
	}
	if i == 0 {
		c.needScratch(dnn.scratchBytes)
		return dnnKernel, nil
	}
	c.needScratch(own.scratchBytes)
	return ownKernel, c.free(&dnn.reserve)
}

// all is a whole step's work of a node.
func (k kernel) forwardAndBackward() func() error {
	if k.backward == nil {
		return k.forward
	}
	return inOrder(k.forward, k.backward)
}

type batchNorm struct {
	*binding
	op            nn.BatchNorm
	eps, momentum float64
	x, y, dx, dy  tensorPtr
	hasDX         bool
	mean, invstd  gpu.Ptr // saved, in training
	channels      int
	rows, elems   int
	desc          *gpu.BatchNorm
	xd            *gpu.Tensor
	reserve       *gpu.Buffer // what cuDNN's forward leaves for its backward
	atDY, atOwn   int64       // in scratch
	scratchBytes  int64       // of scratch
}

func newBatchNorm(c *binding, op nn.BatchNorm) *batchNorm {
	n := &batchNorm{binding: c, op: op, x: c.in(0), y: c.out()}
	n.eps, n.momentum = op.Numerics()
	n.channels, n.rows, n.elems = n.x.shape.C, n.x.rows(), n.x.elems()
	if c.training() {
		n.mean, n.invstd = c.saved(0).Ptr, c.saved(1).Ptr
		n.dy = c.dy()
		n.dx, n.hasDX = c.dx(0)
	}
	return n
}

// key is all that the speed depends on.
func (n *batchNorm) key() string {
	pass := "batchnorm.eval"
	if n.training() {
		pass = "batchnorm.train"
	}
	s := n.x.shape
	return fmt.Sprintf("%s n=%d c=%d h=%d w=%d relu=%v dx=%v %v", pass, n.plan.Batch, s.C, s.H, s.W, n.op.ReLU, n.hasDX, n.x.t)
}

func (n *batchNorm) bindDNN() (kernel, error) {
	var err error
	if n.xd, err = n.descriptor(n.x.t, n.x.shape); err != nil {
		return kernel{}, err
	}
	if n.desc, err = n.backend.dnn.NewBatchNorm(n.xd, n.eps, n.momentum); err != nil {
		return kernel{}, err
	}
	n.closeWithProgram(n.desc)
	if !n.training() {
		return kernel{forward: inOrder(n.inferDNN, n.relu)}, nil
	}
	// Scratch holds cuDNN's workspace, then dy under the ReLU's mask, then dx of
	// images, which nobody wants but cuDNN writes.
	n.atDY = alignScratch(max(n.desc.Workspace, n.desc.BackwardWorkspace))
	n.atOwn = n.atDY + alignScratch(n.x.bytes())
	n.scratchBytes = n.atOwn + n.x.bytes()
	if err := n.alloc(&n.reserve, "batch norm's reserve", n.desc.Reserve); err != nil {
		return kernel{}, err
	}
	return kernel{forward: inOrder(n.trainDNN, n.relu), backward: n.backwardDNN}, nil
}

func (n *batchNorm) trainDNN() error {
	return n.backend.dnn.BatchNormTrain(n.desc, n.xd, n.x.Ptr, n.y.Ptr, n.param(0), n.param(1), n.param(2), n.param(3),
		n.mean, n.invstd, n.workspace(), n.reserved())
}

// reserved is the reserve's memory, where there is one.
func (n *batchNorm) reserved() gpu.Ptr {
	if n.reserve == nil {
		return 0
	}
	return n.reserve.Ptr
}

func (n *batchNorm) inferDNN() error {
	return n.backend.dnn.BatchNormInfer(n.desc, n.xd, n.x.Ptr, n.y.Ptr, n.param(0), n.param(1), n.param(2), n.param(3))
}

func (n *batchNorm) relu() error {
	if !n.op.ReLU {
		return nil
	}
	return n.backend.kernels.ReLU(n.backend.stream, n.y.t, n.y.Ptr, n.y.Ptr, n.elems)
}

func (n *batchNorm) backwardDNN() error {
	dy := n.dy.Ptr
	if n.op.ReLU {
		dy = n.scratch.Ptr.Add(n.atDY)
		if err := n.backend.kernels.ReLUBackward(n.backend.stream, n.dy.t, dy, n.dy.Ptr, n.y.Ptr, false, n.elems); err != nil {
			return err
		}
	}
	dx, beta := n.scratch.Ptr.Add(n.atOwn), float32(0)
	if n.hasDX {
		dx, beta = n.dx.Ptr, n.beta(0)
	}
	return n.backend.dnn.BatchNormBackward(n.desc, n.xd, n.x.Ptr, dy, dx, n.param(0), n.dparam(0), n.dparam(1),
		n.mean, n.invstd, n.workspace(), n.reserved(), beta)
}

// bindOwn needs scratch memory for partial sums, and behind it what they are
// made into: scale and shift in forward, dx's coefficients in backward.
func (n *batchNorm) bindKernels() kernel {
	n.atOwn = alignScratch(kernels.BatchNormScratch(n.rows, n.channels))
	n.scratchBytes = n.atOwn + 4*3*int64(n.channels)
	if !n.training() {
		return kernel{forward: inOrder(n.inference, n.apply)}
	}
	return kernel{forward: inOrder(n.statistics, n.apply), backward: n.backwardKernels}
}

func (n *batchNorm) statistics() error {
	k, s := n.backend.kernels, n.backend.stream
	if err := k.BatchNormStats(s, n.x.t, n.x.Ptr, n.workspace(), n.rows, n.channels); err != nil {
		return err
	}
	return k.BatchNormFinish(s, n.workspace(), n.rows, n.channels, n.param(0), n.param(1), n.param(2), n.param(3),
		n.mean, n.invstd, n.scratch.Ptr.Add(n.atOwn), n.eps, n.momentum)
}

func (n *batchNorm) inference() error {
	return n.backend.kernels.BatchNormInference(n.backend.stream, n.param(0), n.param(1), n.param(2), n.param(3),
		n.scratch.Ptr.Add(n.atOwn), n.eps, n.channels)
}

func (n *batchNorm) apply() error {
	return n.backend.kernels.BatchNormApply(n.backend.stream, n.x.t, n.y.Ptr, n.x.Ptr, n.scratch.Ptr.Add(n.atOwn), n.op.ReLU, n.rows, n.channels)
}

func (n *batchNorm) backwardKernels() error {
	k, s := n.backend.kernels, n.backend.stream
	if err := k.BatchNormReduce(s, n.x.t, n.dy.Ptr, n.x.Ptr, n.y.Ptr, n.mean, n.workspace(), n.op.ReLU, n.rows, n.channels); err != nil {
		return err
	}
	coefficients := n.scratch.Ptr.Add(n.atOwn)
	if err := k.BatchNormCoefficients(s, n.workspace(), n.rows, n.channels, n.param(0), n.invstd, n.dparam(0), n.dparam(1), coefficients); err != nil || !n.hasDX {
		return err
	}
	return k.BatchNormBackward(s, n.x.t, n.dx.Ptr, n.dy.Ptr, n.x.Ptr, n.y.Ptr, n.mean, coefficients, n.op.ReLU, n.accumulate(0), n.rows, n.channels)
}
