package cpu

import (
	"reflect"

	"resnet/nn"
)

// kernel is one node bound to memory: the stages of its forward and its backward pass.
type kernel struct {
	forward, backward []stage
	// prepare, if not nil, runs before the stages when parameters or statistics have changed.
	prepare func()
}

// binders bind each op. An op's file registers its own.
var binders = map[reflect.Type]func(c *binding, op nn.Op) kernel{}

// register adds how an op is bound.
func register[T nn.Op](bind func(c *binding, op T) kernel) {
	binders[reflect.TypeFor[T]()] = func(c *binding, op nn.Op) kernel { return bind(c, op.(T)) }
}

// binder returns the function that binds an op, or nil for an op that this backend does not have.
func binder(op nn.Op) func(c *binding, op nn.Op) kernel { return binders[reflect.TypeOf(op)] }

// bind binds every node and returns the stages of each instruction. The planner's schedule needs the stages before
// memory is allocated, and CheckMemory what they will allocate: then prog is nil, and only the kinds of the stages are
// valid.
func (e *executor) bind(m nn.Mode, list []nn.Instruction, prog *nn.Program) (stages [][]stage, prepare []func()) {
	g := e.graph
	needs := g.NeedsGrad()
	backward := make([]nn.Instruction, len(g.Nodes))
	for i := range backward {
		backward[i].Node = -1
	}
	for _, in := range list {
		if in.Phase == nn.Backward {
			backward[in.Node] = in
		}
	}
	bound := make([]kernel, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		c := &binding{executor: e, mode: m, prog: prog, node: n, backward: backward[i], needs: make([]bool, len(n.In))}
		for k, v := range n.In {
			c.needs[k] = needs[v]
		}
		bound[i] = binder(n.Op)(c, n.Op)
		if bound[i].prepare != nil {
			prepare = append(prepare, bound[i].prepare)
		}
	}
	stages = make([][]stage, len(list))
	for i, in := range list {
		switch in.Phase {
		case nn.Forward:
			stages[i] = bound[in.Node].forward
		case nn.Backward:
			stages[i] = bound[in.Node].backward
		case nn.Update:
			stages[i] = []stage{e.bindUpdate()}
		}
	}
	return stages, prepare
}

// binding is what a node is bound with; ops take their tensors from it.
type binding struct {
	*executor
	mode     nn.Mode
	prog     *nn.Program // nil: memory is not allocated yet, see bind
	node     *nn.Node
	backward nn.Instruction // Node is -1 where there is no backward pass, as in inference
	needs    []bool         // whether each of the node's inputs needs a gradient
}

// training says whether the node has a backward pass.
func (c *binding) training() bool { return c.backward.Node >= 0 }

// accumulate says whether the gradient of input i is added to what is already there.
func (c *binding) accumulate(i int) bool { return c.backward.Accumulate>>i&1 == 1 }

// batch is the largest number of images of a run.
func (c *binding) batch() int {
	if c.plan == nil {
		return 0
	}
	return c.plan.BatchFor(c.mode)
}

// alloc returns zeroed memory for the kernel's own use.
func (c *binding) alloc(floats int) []float32 {
	if c.counts(floats) {
		return nil
	}
	return c.executor.backend.allocate(floats)
}

// counts says whether memory is not to be allocated but counted: so many floats.
func (c *binding) counts(floats int) bool {
	if c.prog == nil {
		c.owned += int64(floats)
	}
	return c.prog == nil
}

func (c *binding) data(v nn.Value) *view {
	if c.prog == nil {
		return newView(layoutOf(c.graph, v, nn.Data))
	}
	return c.view(v, nn.Data, c.prog.Data[v])
}

func (c *binding) grad(v nn.Value) *view {
	if c.prog == nil {
		return newView(layoutOf(c.graph, v, nn.Grad))
	}
	return c.view(v, nn.Grad, c.prog.Grad[v])
}

func (c *binding) in(i int) *view    { return c.data(c.node.In[i]) }
func (c *binding) out() *view        { return c.data(c.node.Out) }
func (c *binding) saved(i int) *view { return c.data(c.node.Saved[i]) }

// dx and dy are the gradients of input i and of the output, nil where there is none.
func (c *binding) dx(i int) *view {
	if !c.training() || !c.needs[i] {
		return nil
	}
	return c.grad(c.node.In[i])
}

func (c *binding) dy() *view {
	if !c.training() || c.node.Out == c.graph.Probabilities {
		return nil
	}
	return c.grad(c.node.Out)
}

// statistic is the memory of saved tensor i, one value per channel.
func (c *binding) statistic(i, channels int) []float32 {
	if c.prog == nil {
		return nil
	}
	return c.slot(c.prog.Data[c.node.Saved[i]])[:channels]
}

// param is the memory of parameter i, dparam that of its gradient.
func (c *binding) param(i int) []float32 {
	if c.prog == nil {
		return nil
	}
	v := c.node.Params[i]
	return c.slot(c.plan.Params[v])[:c.executor.backend.paramFloats(c.graph.Param(v))]
}

func (c *binding) dparam(i int) []float32 {
	if c.prog == nil || !c.training() {
		return nil
	}
	v := c.node.Params[i]
	return c.slot(c.plan.ParamGrads[v])[:c.executor.backend.paramFloats(c.graph.Param(v))]
}

// view is a tensor of a batch of images in memory.
type view struct {
	layout
	base   []float32 // the whole batch; nil for a tensor of the Local segment
	offset int       // of a Local tensor in each worker's memory
	stride int       // from one image to the next
}

func newView(l layout) *view { return &view{layout: l, stride: l.image()} }

func (e *executor) view(v nn.Value, role nn.Role, s nn.Slot) *view {
	t := newView(layoutOf(e.graph, v, role))
	if s.Segment == nn.Local {
		t.offset = int(s.Offset / 4)
	} else {
		t.base = e.slot(s)
	}
	return t
}

// image is the memory of image i; for a Local tensor that of the worker's current image.
func (t *view) image(w *worker, i int) []float32 {
	if t.base == nil {
		return w.local[t.offset : t.offset+t.stride]
	}
	return t.base[i*t.stride : (i+1)*t.stride]
}
