//go:build !nocuda

package nn

import (
	"unsafe"

	"resnet/gpu"
	"resnet/kernels/cuda"
)

// bindFused places the work of a node that shares kernels with others, or leaves
// it to them; ok is false for a node that runs by itself.
func (c *cudaBinding) bindFused() (ok bool) {
	f := c.prog.fusion
	switch op := c.node.Op.(type) {
	case Input:
		return c.index == f.input
	case Conv:
		if c.index == f.stem {
			c.bindStem(op)
			return true
		}
		if f.fits[c.index] {
			c.bindFusedConv(op)
		}
		return f.fits[c.index]
	case BatchNorm:
		if _, ok = f.through[c.index]; ok {
			c.bindFusedNorm()
		}
		return ok
	case Add:
		if f.adder(c.index) < 0 {
			return false
		}
		if c.training() {
			c.prog.add(c.prog.schedule.backward[c.index], c.bindAdd(op).backward)
		}
		return true
	case Linear:
		switch c.index {
		case f.head:
			return true // placed by the loss
		case f.hidden:
			c.bindHidden(op)
			return true
		}
	case SoftmaxCrossEntropy:
		if f.head >= 0 {
			c.bindHead(op)
		}
		return f.head >= 0
	}
	return false
}

// packing is the weights of the convolutions on our kernels, as those read them:
// for the product, and for training also for the data gradient.
type packing struct {
	weights  *gpu.Buffer
	table    *gpu.Buffer
	forward  map[Value]int64 // byte offset by weight
	backward map[Value]int64
	copies   int
	most     int // elements of the largest
}

// makePacking places the copies.
func (e *cudaExecutor) makePacking() error {
	if e.fusion == nil {
		return nil
	}
	p, t := &e.packed, e.backend.activations()
	p.forward, p.backward = map[Value]int64{}, map[Value]int64{}
	var table []cuda.PackedWeights
	to := 0
	for i := range e.graph.Nodes {
		if !e.fusion.fits[i] {
			continue
		}
		n := &e.graph.Nodes[i]
		op, v := n.Op.(Conv), n.Params[0]
		elems := e.graph.Elems(v, 1)
		p.most = max(p.most, elems)
		add := func(at map[Value]int64, transposed int32) {
			at[v] = size(t, to)
			table = append(table, cuda.PackedWeights{
				From: int32(e.plan.Params[v].Offset / 4), To: int32(to), Transposed: transposed,
				Out: int32(op.Out), Taps: int32(op.Kernel * op.Kernel), In: int32(e.graph.Type(n.In[0]).Shape.C),
			})
			to += (elems + slotAlign - 1) / slotAlign * slotAlign
		}
		add(p.forward, 0)
		if e.plan.Train != nil {
			add(p.backward, 1)
		}
	}
	if p.copies = len(table); p.copies == 0 {
		return nil
	}
	if err := e.alloc(&p.weights, "weights for tensor cores", size(t, to)); err != nil {
		return err
	}
	return e.upload(&p.table, "table of weights", entries(table))
}

// entries are a table's bytes.
func entries[T any](table []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&table[0])), len(table)*int(unsafe.Sizeof(table[0])))
}

// upload makes a buffer that holds these bytes.
func (e *cudaExecutor) upload(to **gpu.Buffer, what string, p []byte) error {
	if err := e.alloc(to, what, int64(len(p))); err != nil {
		return err
	}
	return e.transfer.write((*to).Ptr, p)
}

// placePreparation is what a step's kernels need before the first of them that
// is fused: copies of the weights, and in inference the states of batch norms.
// It runs beside the stem.
func (p *cudaProgram) placePreparation(m Mode) {
	e, k, t := p.exec, p.exec.backend.kernels, p.exec.backend.activations()
	aside := func(run func() error) {
		p.place(cudaStep{index: -1, at: -1, side: true, until: p.schedule.firstProduct() - 1, run: run})
	}
	if w := &e.packed; w.copies > 0 {
		aside(func() error {
			return k.PackWeights(p.lane, t, w.weights.Ptr, e.segments[Params].Ptr, w.table.Ptr, w.copies, w.most)
		})
	}
	if m == Eval && e.normCount > 0 {
		aside(func() error { return k.NormInference(p.lane, e.normTable.Ptr, e.normCount, e.normMost) })
	}
}

// firstProduct is the first step that reads packed weights or states.
func (s *cudaSchedule) firstProduct() int {
	for i := range s.fusion.graph.Nodes {
		if s.fusion.fits[i] {
			return s.forward[i]
		}
	}
	return s.last
}

// masksInput says whether a node is to put its input's gradient behind the mask
// of the sum that made the input.
func (c *cudaBinding) masksInput() bool {
	return c.prog.fusion != nil && c.prog.fusion.masked[c.node.In[0]]
}

// arrivesMasked says whether the kernel that wrote the gradient of a sum has
// put it behind the sum's ReLU.
func (c *cudaBinding) arrivesMasked() bool {
	return c.prog.fusion != nil && c.prog.fusion.masked[c.node.Out]
}
