package nn

// BytesMoved is the least number of bytes that an instruction on n images moves to and from memory: each tensor that it
// needs is read once and each that it makes is written once, in the type and with the padding of the target. A gradient
// that is added to is read and written, and so are running statistics in training. A kernel that reads a tensor twice
// moves more; one that finds a tensor in a cache or in registers moves less.
func (p *Plan) BytesMoved(t Target, prog *Program, in Instruction, n int) int64 {
	c := byteCounter{Graph: p.Graph, target: t, images: n}
	switch in.Phase {
	case Forward:
		return c.forward(&p.Graph.Nodes[in.Node], prog.Mode)
	case Backward:
		return c.backward(&p.Graph.Nodes[in.Node], prog, in)
	}
	return c.update(p.Optimizer.States())
}

// byteCounter counts the bytes that instructions on some images move.
type byteCounter struct {
	*Graph
	target Target
	images int
}

// A weightCopier is a Target whose convolutions and linear layers read a 16-bit copy of their weight.
type weightCopier interface {
	// WeightCopyBytes is the size of the copy of parameter v; 0 where there is none.
	WeightCopyBytes(g *Graph, v Value) int64
}

func (c *byteCounter) bytes(v Value, role Role) int64 {
	switch c.Type(v).DType {
	case Uint8:
		return int64(c.Elems(v, c.images))
	case Int32:
		return 4 * int64(c.Elems(v, c.images))
	}
	return c.target.Bytes(c.Graph, v, role, c.images)
}

// weight is the size of a node's first parameter in the form that its op reads.
func (c *byteCounter) weight(n *Node) int64 {
	switch n.Op.(type) {
	case Conv, Linear:
		if n := c.weightCopy(n.Params[0]); n > 0 {
			return n
		}
	}
	return c.bytes(n.Params[0], Data)
}

func (c *byteCounter) weightCopy(v Value) int64 {
	if t, ok := c.target.(weightCopier); ok {
		return t.WeightCopyBytes(c.Graph, v)
	}
	return 0
}

// inputs is the size of a node's inputs; an input that is given twice counts once.
func (c *byteCounter) inputs(n *Node) int64 {
	var sum int64
	seen := map[Value]bool{}
	for _, v := range n.In {
		if !seen[v] {
			sum += c.bytes(v, Data)
		}
		seen[v] = true
	}
	return sum
}

func (c *byteCounter) forward(n *Node, m Mode) int64 {
	sum := c.inputs(n) + c.bytes(n.Out, Data)
	for i, v := range n.Params {
		switch {
		case i == 0:
			sum += c.weight(n)
		case m == Eval || c.Param(v).Trainable:
			sum += c.bytes(v, Data)
		default: // running statistics are read and written
			sum += 2 * c.bytes(v, Data)
		}
	}
	if m != Eval {
		sum += c.saved(n)
	}
	return sum
}

func (c *byteCounter) saved(n *Node) int64 {
	var sum int64
	for _, v := range n.Saved {
		sum += c.bytes(v, Data)
	}
	return sum
}

func (c *byteCounter) backward(n *Node, prog *Program, in Instruction) int64 {
	written, some := c.inputGradients(n, prog, in)
	if add, ok := n.Op.(Add); ok && !add.ReLU && !some {
		return 0 // the gradients of the inputs share the memory of the output's
	}
	sum := written + c.saved(n)
	if n.Out != c.Probabilities {
		sum += c.bytes(n.Out, Grad)
	}
	if n.ReadsX {
		sum += c.inputs(n)
	} else if n.Out == c.Probabilities {
		sum += c.bytes(c.Labels, Data)
	}
	if n.ReadsY {
		sum += c.bytes(n.Out, Data)
	}
	if some && len(n.Params) > 0 {
		sum += c.weight(n)
	}
	for _, v := range n.Params {
		if c.Param(v).Trainable {
			sum += c.bytes(v, Grad)
		}
	}
	return sum
}

// inputGradients is the number of bytes moved for the gradients of a node's inputs, and whether there are any to write.
// Gradients that share memory are written once.
func (c *byteCounter) inputGradients(n *Node, prog *Program, in Instruction) (sum int64, some bool) {
	needs, written := c.NeedsGrad(), map[Slot]bool{}
	add, isAdd := n.Op.(Add)
	for i, v := range n.In {
		dx, accumulate := prog.Grad[v], in.Accumulate>>i&1 == 1
		if !needs[v] || written[dx] && !accumulate || isAdd && !add.ReLU && dx == prog.Grad[n.Out] {
			continue
		}
		written[dx], some = true, true
		sum += c.bytes(v, Grad)
		if accumulate {
			sum += c.bytes(v, Grad)
		}
	}
	return sum, some
}

// update reads every gradient, reads and writes every trainable parameter and its optimiser states, and writes the
// 16-bit copies of weights.
func (c *byteCounter) update(states int) int64 {
	var sum int64
	for _, v := range c.Parameters() {
		if !c.Param(v).Trainable {
			continue
		}
		sum += c.bytes(v, Grad) + 2*c.bytes(v, Data) + c.weightCopy(v)
		for i := range states {
			sum += 2 * c.bytes(v, Momentum+Role(i))
		}
	}
	return sum
}
