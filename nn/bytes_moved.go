package nn

// BytesMoved is the least that a step on n images moves to and from memory, in bytes: each tensor that it needs read
// once, each that it makes written once, in the type and with the padding that the target gives them. A gradient that
// is added to is read and written, and so are running statistics in training. A kernel that reads a tensor twice moves
// more, one that keeps a tensor between two nodes in a cache or in registers less.
func (p *Plan) BytesMoved(t Target, prog *Program, s Instruction, n int) int64 {
	c := moved{Graph: p.Graph, target: t, images: n}
	switch s.Phase {
	case Forward:
		return c.forward(&p.Graph.Nodes[s.Node], prog.Mode)
	case Backward:
		return c.backward(&p.Graph.Nodes[s.Node], prog, s)
	}
	return c.update(p.Optimizer.States())
}

// traffic counts what steps on some images move.
type moved struct {
	*Graph
	target Target
	images int
}

// A narrower is a Target whose products read weights from a copy in a shorter type.
type weightCopier interface {
	// WeightCopyBytes is the size of a parameter's copy; 0 where there is none.
	WeightCopyBytes(g *Graph, v Value) int64
}

func (c *moved) bytes(v Value, role Role) int64 {
	switch c.Type(v).DType {
	case Uint8:
		return int64(c.Elems(v, c.images))
	case Int32:
		return 4 * int64(c.Elems(v, c.images))
	}
	return c.target.Bytes(c.Graph, v, role, c.images)
}

// weight is the first parameter of a node as its op reads it.
func (c *moved) weight(n *Node) int64 {
	switch n.Op.(type) {
	case Conv, Linear:
		if narrow := c.weightCopy(n.Params[0]); narrow > 0 {
			return narrow
		}
	}
	return c.bytes(n.Params[0], Data)
}

func (c *moved) weightCopy(v Value) int64 {
	if t, ok := c.target.(weightCopier); ok {
		return t.WeightCopyBytes(c.Graph, v)
	}
	return 0
}

// inputs are the bytes of a node's inputs, of one that is given twice once.
func (c *moved) inputs(n *Node) int64 {
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

func (c *moved) forward(n *Node, m Mode) int64 {
	sum := c.inputs(n) + c.bytes(n.Out, Data)
	for i, v := range n.Params {
		switch {
		case i == 0:
			sum += c.weight(n)
		case m == Eval || c.Param(v).Trainable:
			sum += c.bytes(v, Data)
		default: // running statistics move
			sum += 2 * c.bytes(v, Data)
		}
	}
	if m != Eval {
		sum += c.saved(n)
	}
	return sum
}

func (c *moved) saved(n *Node) int64 {
	var sum int64
	for _, v := range n.Saved {
		sum += c.bytes(v, Data)
	}
	return sum
}

func (c *moved) backward(n *Node, prog *Program, s Instruction) int64 {
	written, moves := c.inputGradients(n, prog, s)
	if add, ok := n.Op.(Add); ok && !add.ReLU && !moves {
		return 0 // the inputs' gradients lie where the output's does
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
	if moves && len(n.Params) > 0 {
		sum += c.weight(n)
	}
	for _, v := range n.Params {
		if c.Param(v).Trainable {
			sum += c.bytes(v, Grad)
		}
	}
	return sum
}

// inputGradients are the bytes of the gradients that a node gives its inputs, and whether there are any to write. What
// one memory holds is written once.
func (c *moved) inputGradients(n *Node, prog *Program, s Instruction) (sum int64, moves bool) {
	needs, written := c.NeedsGrad(), map[Slot]bool{}
	add, isAdd := n.Op.(Add)
	for i, v := range n.In {
		dx, accumulate := prog.Grad[v], s.Accumulate>>i&1 == 1
		if !needs[v] || written[dx] && !accumulate || isAdd && !add.ReLU && dx == prog.Grad[n.Out] {
			continue
		}
		written[dx], moves = true, true
		sum += c.bytes(v, Grad)
		if accumulate {
			sum += c.bytes(v, Grad)
		}
	}
	return sum, moves
}

// update reads every gradient, reads and writes every trained parameter and its optimiser state, and writes the copies
// that products read.
func (c *moved) update(states int) int64 {
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
