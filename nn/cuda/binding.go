//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
	"resnet/nn"
)

// kernel is one node bound to memory for a number of images; backward is nil where it has nothing to do.
type kernel struct{ forward, backward func() error }

// binder returns the function that binds an op, or nil for an op that this backend does not have.
func binder(op nn.Op) func(*binding) (kernel, error) {
	switch op := op.(type) {
	case nn.Normalize:
		return func(c *binding) (kernel, error) { return c.bindNormalize(op) }
	case nn.Conv:
		return func(c *binding) (kernel, error) { return c.bindConv(op) }
	case nn.BatchNorm:
		return func(c *binding) (kernel, error) { return c.bindBatchNorm(op) }
	case nn.ReLU:
		return func(c *binding) (kernel, error) { return c.bindReLU(), nil }
	case nn.Add:
		return func(c *binding) (kernel, error) { return c.bindAdd(op), nil }
	case nn.AvgPool:
		return func(c *binding) (kernel, error) { return c.bindAvgPool(op.Kernel, op.Kernel, op.Stride, op.Pad) }
	case nn.GlobalAvgPool:
		return func(c *binding) (kernel, error) {
			x := c.shape(c.node.In[0])
			return c.bindAvgPool(x.H, x.W, 1, nn.Pad{})
		}
	case nn.MaxPool:
		return func(c *binding) (kernel, error) { return c.bindMaxPool(op), nil }
	case nn.Linear:
		return func(c *binding) (kernel, error) { return c.bindLinear(op), nil }
	case nn.SoftmaxCrossEntropy:
		return func(c *binding) (kernel, error) { return c.bindLoss(op), nil }
	}
	return nil
}

func noKernel(n *nn.Node) error { return fmt.Errorf("%s: no kernel for op %s", n.Name, n.Op.Kind()) }

// binding is what a node's kernel is made from: the node, its program, and the number of images n that it will run on.
type binding struct {
	*executor
	prog        *program
	index       int // of the node
	node        *nn.Node
	instruction nn.Instruction // the node's backward instruction; Node is -1 where there is none
	needs       []bool         // by input: whether it needs a gradient
	n           int
}

// training says whether the kernel has a backward pass.
func (c *binding) training() bool { return c.instruction.Node >= 0 }

// tensorPtr is a tensor of n images in device memory.
type tensorPtr struct {
	gpu.Ptr
	t     gpu.DataType
	shape nn.Shape // N is the number of images, or 1 for what a batch has only one of
}

func (t tensorPtr) elems() int   { return t.shape.Elems() }
func (t tensorPtr) rows() int    { return t.shape.N * t.shape.H * t.shape.W }
func (t tensorPtr) bytes() int64 { return size(t.t, t.elems()) }

func (c *binding) shape(v nn.Value) nn.Shape {
	s := c.graph.Type(v).Shape
	if c.graph.PerImage(v) {
		s.N = c.n
	}
	return s
}

func (c *binding) tensor(v nn.Value, role nn.Role, s nn.Slot) tensorPtr {
	return tensorPtr{c.slot(s), c.backend.dataType(c.graph, v, role), c.shape(v)}
}

func (c *binding) in(i int) tensorPtr {
	return c.tensor(c.node.In[i], nn.Data, c.prog.Data[c.node.In[i]])
}
func (c *binding) out() tensorPtr { return c.tensor(c.node.Out, nn.Data, c.prog.Data[c.node.Out]) }
func (c *binding) saved(i int) tensorPtr {
	return c.tensor(c.node.Saved[i], nn.Data, c.prog.Data[c.node.Saved[i]])
}

// dx is the gradient of input i; ok is false where it needs none.
func (c *binding) dx(i int) (t tensorPtr, ok bool) {
	if !c.training() || !c.needs[i] {
		return tensorPtr{}, false
	}
	return c.tensor(c.node.In[i], nn.Grad, c.prog.Grad[c.node.In[i]]), true
}

func (c *binding) dy() tensorPtr { return c.tensor(c.node.Out, nn.Grad, c.prog.Grad[c.node.Out]) }

// accumulate says whether the gradient of input i is added to what an earlier instruction stored.
func (c *binding) accumulate(i int) bool { return c.instruction.Accumulate>>i&1 == 1 }

// beta is accumulate as cuDNN and cuBLAS take it: the factor of the old gradient.
func (c *binding) beta(i int) float32 {
	if c.accumulate(i) {
		return 1
	}
	return 0
}

// param is the float32 memory of a parameter of the node, and dparam its gradient's.
func (c *binding) param(i int) gpu.Ptr  { return c.parameter(c.node, i) }
func (c *binding) dparam(i int) gpu.Ptr { return c.parameterGrad(c.node, i) }

// weight is a parameter as products read it: the 16-bit copy, where there is one.
func (c *binding) weight(i int) (gpu.Ptr, gpu.DataType) {
	s := c.plan.Params[c.node.Params[i]]
	if c.params16 == nil {
		return c.slot(s), gpu.Float32
	}
	return c.params16.Ptr.Add(s.Offset / 2), c.backend.type16()
}

// convMath is how cuDNN multiplies in a convolution.
func (b *backend) convMath() gpu.Math {
	switch b.config.Precision {
	case nn.TF32:
		return gpu.TF32
	case nn.FP32:
		return gpu.FMA
	}
	return gpu.TensorOp
}

// closeWithProgram has x closed when the program is.
func (c *binding) closeWithProgram(x interface{ Close() error }) {
	c.prog.closers = append(c.prog.closers, x)
}

// descriptor makes a tensor descriptor of cuDNN, which lives as long as the program.
func (c *binding) descriptor(t gpu.DataType, s nn.Shape) (*gpu.Tensor, error) {
	d, err := gpu.NewTensor(t, s.N, s.C, s.H, s.W)
	if err == nil {
		c.closeWithProgram(d)
	}
	return d, err
}

// inOrder returns a function that runs fs one after another until one fails.
func inOrder(fs ...func() error) func() error {
	return func() error {
		for _, f := range fs {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	}
}

func closeAll[T interface{ Close() error }](all []T) error {
	var errs []error
	for _, x := range all {
		errs = append(errs, x.Close())
	}
	return errors.Join(errs...)
}
