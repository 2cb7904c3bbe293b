package cpu

import (
	"fmt"
	kernels "resnet/kernels/cpu"
	"resnet/nn"
	"runtime"
)

// CPUConfig says how the CPU backend runs.
type Config struct {
	// Threads is the number of workers; 0 means one per usable processor, or
	// GOMAXPROCS where that is less.
	Threads int
	// ISA is the instruction set; nil means the best that the machine has.
	ISA *kernels.ISA
	// NoPin leaves the threads to the system. By default they are pinned, one to
	// a processor, where there is one thread per usable processor: two unpinned
	// ones may share a core for a long time.
	NoPin bool
}

type backend struct {
	k       *kernels.Kernels
	threads int
	cpus    []int
}

// NewCPU is the backend "cpu": SIMD kernels on a fixed set of threads. Results
// are bit-identical for any number of threads on one instruction set.
func New(c Config) (nn.Backend, error) {
	cpus := usableCPUs()
	// Fewer than there are where a container's quota says so.
	usable := runtime.GOMAXPROCS(0)
	if len(cpus) > 0 {
		usable = min(usable, len(cpus))
	}
	if c.Threads == 0 {
		c.Threads = usable
	}
	if c.Threads < 0 || c.Threads > 1024 {
		return nil, fmt.Errorf("nn: cpu: %d threads, want 1 to 1024 (this machine has %d processors)", c.Threads, usable)
	}
	isa := kernels.Best()
	if c.ISA != nil {
		isa = *c.ISA
	}
	b := &backend{k: kernels.For(isa), threads: c.Threads}
	if c.Threads == len(cpus) && !c.NoPin {
		b.cpus = cpus
	}
	return b, nil
}

func (b *backend) Name() string { return "cpu" }
func (b *backend) Close() error { return nil }

// ISA is the instruction set that a CPU backend uses; ok is false for others.
func ISA(b nn.Backend) (isa kernels.ISA, ok bool) {
	c, ok := b.(*backend)
	if !ok {
		return 0, false
	}
	return c.k.ISA, true
}

// Threads is how many workers a CPU backend has; 0 for others.
func Threads(b nn.Backend) int {
	if c, ok := b.(*backend); ok {
		return c.threads
	}
	return 0
}

// cpuKernel is one node bound to memory: the stages of its forward and its
// backward pass, in the order and of the kinds that cpuStages lists.
type kernel struct {
	forward, backward []stage
	// ahead runs before a forward pass on running statistics.
	ahead func()
}

// bind makes the kernel of a step's node.
func (e *executor) bind(c *binding) (kernel, error) {
	switch op := c.node.Op.(type) {
	case nn.Normalize:
		return bindNormalize(c, op), nil
	case nn.Conv:
		return bindConv(c, op), nil
	case nn.BatchNorm:
		return bindBatchNorm(c, op), nil
	case nn.ReLU:
		return bindReLU(c), nil
	case nn.Add:
		return bindAdd(c, op), nil
	case nn.AvgPool:
		return bindAvgPool(c, op), nil
	case nn.MaxPool:
		return bindMaxPool(c, op), nil
	case nn.GlobalAvgPool:
		return bindGlobalAvgPool(c), nil
	case nn.Linear:
		return bindLinear(c, op), nil
	case nn.SoftmaxCrossEntropy:
		return bindLoss(c, op), nil
	}
	return kernel{}, fmt.Errorf("nn: cpu: %s: no kernel for op %s", c.node.Name, c.node.Op.Kind())
}

// cpuBinding is what a node's kernel is made from.
type binding struct {
	*executor
	prog *nn.Program
	node *nn.Node
	step nn.Instruction // the backward step; Node is -1 in inference
	// needs says which of the node's inputs want a gradient.
	needs []bool
}

// training says whether the kernel will run backward.
func (c *binding) training() bool { return c.step.Node >= 0 }

// accumulate says whether input i's gradient is added to what is there.
func (c *binding) accumulate(i int) bool { return c.step.Accumulate>>i&1 == 1 }

func (c *binding) in(i int) *view { return c.view(c.node.In[i], nn.Data, c.prog.Data[c.node.In[i]]) }
func (c *binding) out() *view     { return c.view(c.node.Out, nn.Data, c.prog.Data[c.node.Out]) }
func (c *binding) saved(i int) *view {
	return c.view(c.node.Saved[i], nn.Data, c.prog.Data[c.node.Saved[i]])
}

// dx and dy are the gradients of input i and of the output; in inference and
// where none flows they are nil.
func (c *binding) dx(i int) *view {
	if !c.training() || !c.needs[i] {
		return nil
	}
	return c.view(c.node.In[i], nn.Grad, c.prog.Grad[c.node.In[i]])
}

func (c *binding) dy() *view {
	if !c.training() || c.node.Out == c.graph.Probabilities {
		return nil
	}
	return c.view(c.node.Out, nn.Grad, c.prog.Grad[c.node.Out])
}

// param is a parameter's memory and dparam its gradient's.
func (c *binding) param(i int) []float32 {
	v := c.node.Params[i]
	return c.slot(c.plan.Params[v])[:c.backend.paramFloats(c.graph.Param(v))]
}

func (c *binding) dparam(i int) []float32 {
	if !c.training() {
		return nil
	}
	v := c.node.Params[i]
	return c.slot(c.plan.ParamGrads[v])[:c.backend.paramFloats(c.graph.Param(v))]
}

// view is a tensor of images in memory.
type view struct {
	layout
	base   []float32 // the whole batch; nil where each worker has its own image
	offset int       // into the worker's memory
	stride int
}

func (e *executor) view(v nn.Value, role nn.Role, s nn.Slot) *view {
	l := layoutOf(e.graph, v, role)
	t := &view{layout: l, stride: l.image()}
	if s.Segment == nn.Local {
		t.offset = int(s.Offset / 4)
	} else {
		t.base = e.slot(s)
	}
	return t
}

// image is image i.
func (t *view) image(w *worker, i int) []float32 {
	if t.base == nil {
		return w.local[t.offset : t.offset+t.stride]
	}
	return t.base[i*t.stride : (i+1)*t.stride]
}
