//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

func init() { register((*binding).bindBatchNorm) }

// bindBatchNorm chooses between cuDNN's batch norm and our own kernels, which also stand in where cuDNN refuses. Where
// a whole step is faster on our own, all nodes take them. cuDNN's does not support bfloat16, and its unbiased variance
// of a single value per channel is 0/0. Both keep save_mean and save_invstd for the backward pass, which finds the
// ReLU's mask from y.
func (c *binding) bindBatchNorm(op nn.BatchNorm) (kernel, error) {
	own, dnn := newBatchNorm(c, op), newBatchNorm(c, op)
	ownKernel := own.bindKernels()
	if own.x.t == gpu.BFloat16 || own.x.rows() == 1 || c.prog.ownNorms {
		c.needScratch(own.scratchBytes)
		return ownKernel, nil
	}
	dnnKernel, refused := dnn.bindDNN()
	if refused != nil && !errors.Is(refused, gpu.ErrRefused) {
		return kernel{}, refused
	}
	i, err := c.choose(own.key(), []candidate{
		{name: dnnItself, refused: refused, scratch: dnn.scratchBytes, ofDNN: true, run: dnn.rehearsal(dnnKernel)},
		{name: ownKernels, scratch: own.scratchBytes, run: ownKernel.forwardAndBackward()},
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

// forwardAndBackward is all the work of a node in a step.
func (k kernel) forwardAndBackward() func() error {
	if k.backward == nil {
		return k.forward
	}
	return inOrder(k.forward, k.backward)
}

// rehearsal is cuDNN's work of a node in a step, but for the running statistics: those that it changes are in scratch
// memory. A batch of another size is bound while the true ones hold what a run needs.
func (n *batchNorm) rehearsal(k kernel) func() error {
	work := k.forwardAndBackward()
	return func() error {
		n.rehearsing = n.training()
		defer func() { n.rehearsing = false }()
		return work()
	}
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
	reserve       *gpu.Buffer // what cuDNN's forward pass leaves for its backward pass
	scratchBytes  int64
	// Offsets in scratch memory, of cuDNN's batch norm and of our own.
	atDY, atDX, atRunning, atCoefficients int64
	rehearsing                            bool
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

// key names all that the speed depends on.
func (n *batchNorm) key() string {
	pass := "batchnorm.eval"
	if n.training() {
		pass = "batchnorm.train"
	}
	s := n.x.shape
	return fmt.Sprintf("%s n=%d c=%d h=%d w=%d relu=%v dx=%v %v",
		pass, n.plan.Batch, s.C, s.H, s.W, n.op.ReLU, n.hasDX, n.x.t)
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
	// Scratch memory holds cuDNN's workspace, then dy masked by the ReLU, then a dx that nobody reads: cuDNN always
	// writes one. The running statistics of a rehearsal are last.
	n.atDY = alignScratch(max(n.desc.Workspace, n.desc.BackwardWorkspace))
	n.atDX = n.atDY + alignScratch(n.x.bytes())
	n.atRunning = n.atDX + alignScratch(n.x.bytes())
	n.scratchBytes = n.atRunning + 2*alignScratch(4*int64(n.channels))
	if err := n.alloc(&n.reserve, "batch norm's reserve", n.desc.Reserve); err != nil {
		return kernel{}, err
	}
	return kernel{forward: inOrder(n.trainDNN, n.relu), backward: n.backwardDNN}, nil
}

func (n *batchNorm) trainDNN() error {
	return n.backend.dnn.BatchNormTrain(n.desc, n.xd, n.x.Ptr, n.y.Ptr, n.memory())
}

// memory is cuDNN's view of the node.
func (n *batchNorm) memory() gpu.BatchNormMemory {
	m := gpu.BatchNormMemory{
		Weight: n.param(0), Bias: n.param(1), RunningMean: n.param(2), RunningVar: n.param(3),
		SaveMean: n.mean, SaveInvstd: n.invstd, Workspace: n.workspace(), Reserve: n.reserved(),
	}
	if n.training() {
		m.DWeight, m.DBias = n.dparam(0), n.dparam(1)
	}
	if n.rehearsing {
		m.RunningMean = n.scratch.Ptr.Add(n.atRunning)
		m.RunningVar = m.RunningMean.Add(alignScratch(4 * int64(n.channels)))
	}
	return m
}

// reserved is the reserve's memory, where there is one.
func (n *batchNorm) reserved() gpu.Ptr {
	if n.reserve == nil {
		return 0
	}
	return n.reserve.Ptr
}

func (n *batchNorm) inferDNN() error {
	return n.backend.dnn.BatchNormInfer(n.desc, n.xd, n.x.Ptr, n.y.Ptr, n.memory())
}

func (n *batchNorm) relu() error {
	if !n.op.ReLU {
		return nil
	}
	return n.backend.kernels.ReLU(n.backend.stream, n.y.t, n.y.Ptr, n.y.Ptr, n.elems)
}

func (n *batchNorm) backwardDNN() error {
	b, dy := n.backend, n.dy.Ptr
	if n.op.ReLU {
		dy = n.scratch.Ptr.Add(n.atDY)
		if err := b.kernels.ReLUBackward(b.stream, n.dy.t, dy, n.dy.Ptr, n.y.Ptr, false, n.elems); err != nil {
			return err
		}
	}
	dx, beta := n.scratch.Ptr.Add(n.atDX), float32(0)
	if n.hasDX {
		dx, beta = n.dx.Ptr, n.beta(0)
	}
	return b.dnn.BatchNormBackward(n.desc, n.xd, n.x.Ptr, dy, dx, n.memory(), beta)
}

// bindKernels binds our own kernels. Scratch memory holds their partial sums, and then the coefficients that are made
// of them: scale and shift in the forward pass, those of dx in the backward pass.
func (n *batchNorm) bindKernels() kernel {
	n.atCoefficients = alignScratch(kernels.BatchNormScratch(n.rows, n.channels))
	n.scratchBytes = n.atCoefficients + 4*3*int64(n.channels)
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
	return k.BatchNormFinish(s, n.parameters(), n.coefficients(), n.workspace(), n.rows, n.channels)
}

// parameters is our kernels' view of the node.
func (n *batchNorm) parameters() kernels.BatchNorm {
	return kernels.BatchNorm{
		Weight: n.param(0), Bias: n.param(1), RunningMean: n.param(2), RunningVar: n.param(3),
		SaveMean: n.mean, SaveInvstd: n.invstd, Eps: n.eps, Momentum: n.momentum,
	}
}

func (n *batchNorm) coefficients() gpu.Ptr { return n.scratch.Ptr.Add(n.atCoefficients) }

func (n *batchNorm) inference() error {
	return n.backend.kernels.BatchNormInference(n.backend.stream, n.parameters(), n.coefficients(), n.channels)
}

func (n *batchNorm) apply() error {
	return n.backend.kernels.BatchNormApply(n.backend.stream, n.x.t, n.y.Ptr, n.x.Ptr, n.coefficients(), n.op.ReLU,
		n.rows, n.channels)
}

func (n *batchNorm) backwardKernels() error {
	k, s := n.backend.kernels, n.backend.stream
	g := kernels.BatchNormGradient{DY: n.dy.Ptr, X: n.x.Ptr, Y: n.y.Ptr, SaveMean: n.mean, ReLU: n.op.ReLU}
	if err := k.BatchNormReduce(s, n.x.t, g, n.workspace(), n.rows, n.channels); err != nil {
		return err
	}
	err := k.BatchNormCoefficients(s, n.parameters(), n.dparam(0), n.dparam(1), n.coefficients(), n.workspace(),
		n.rows, n.channels)
	if err != nil || !n.hasDX {
		return err
	}
	return k.BatchNormBackward(s, n.x.t, n.dx.Ptr, g, n.coefficients(), n.accumulate(0), n.rows, n.channels)
}
