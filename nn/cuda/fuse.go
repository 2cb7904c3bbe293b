//go:build !nocuda

package cuda

import (
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// fusion says which nodes of a graph share kernels. A convolution on tensor cores applies the batch norm before it
// while it loads its input. While it stores its output, it adds the other branch of a residual block, and makes partial
// sums for the batch norm after it. A batch norm that its reader applies is called lazy: its output is never stored.
// Nodes that are not named here run by themselves, as all do without fusion. Maps are by node, an index into
// graph.Nodes.
type fusion struct {
	graph *nn.Graph
	// onTensorCores holds the convolutions that run on our tensor-core kernels.
	onTensorCores map[int]bool
	// appliedBy maps a lazy batch norm to the convolution that applies it, its only reader.
	appliedBy map[int]int
	// adds maps a convolution to the Add that it does while it stores its output.
	adds map[int]int
	// statsFrom maps a lazy batch norm to the node whose kernel makes its statistics: a convolution on tensor cores, an
	// Add that one does, or the stem. A lazy batch norm that is not in it has a kernel for them.
	statsFrom map[int]int
	// gradAddedBy maps a lazy batch norm to the convolution that reads the same value, and adds the batch norm's data
	// gradient to its own.
	gradAddedBy map[int]int
	// masked holds the outputs of an Add with ReLU whose gradient is stored as 0 where the output is 0, so that the Add
	// need not mask it.
	masked map[nn.Value]bool
	// stem is the first convolution, which reads bytes, and normalize the node before it; -1 where there is none.
	stem, normalize int
	// head is the linear layer before the loss, and hidden the one with ReLU before that; -1 where there is none.
	head, hidden int
}

// fuse finds the nodes that can share kernels. It returns nil where fusion is off or the plan keeps all tensors.
func (b *backend) fuse(g *nn.Graph, c nn.PlanConfig) *fusion {
	if !b.fuses() || c.KeepAll {
		return nil
	}
	f := &fusion{
		graph: g, onTensorCores: map[int]bool{}, appliedBy: map[int]int{}, adds: map[int]int{},
		statsFrom: map[int]int{}, gradAddedBy: map[int]int{}, masked: map[nn.Value]bool{},
		stem: -1, normalize: -1, head: -1, hidden: -1,
	}
	for i := range g.Nodes {
		f.onTensorCores[i] = b.fitsTensorCores(g, i)
	}
	f.findStem()
	f.findAdds()
	f.findNorms()
	f.findSharedGrads()
	f.findHead()
	return f
}

// fuses says whether this backend fuses at all. Our tensor-core kernels multiply float32 as TF32, so fp32 cannot; check
// mode reads every tensor, so none may stay unwritten.
func (b *backend) fuses() bool {
	major, _ := b.device.ComputeCapability()
	return b.config.Fuse != FuseOff && b.config.Precision != nn.FP32 && !b.config.Check && major >= 8
}

// fitsTensorCores says whether a node is a convolution that our tensor-core kernels can do, forward and backward.
func (b *backend) fitsTensorCores(g *nn.Graph, i int) bool {
	n := &g.Nodes[i]
	op, ok := n.Op.(nn.Conv)
	if !ok || op.Bias || op.EffectiveStride() != 1 || op.Pad != nn.Padding(op.Kernel/2) {
		return false
	}
	x, t, k := g.Type(n.In[0]).Shape, b.activationType(), b.kernels
	return k.ConvolutionFits(t, x.C, op.Out, op.Kernel, x.H, x.W) &&
		k.ConvolutionFits(t, op.Out, x.C, op.Kernel, x.H, x.W) &&
		k.WeightGradientFits(t, x.C, op.Out, op.Kernel, x.H, x.W)
}

// reader is the only node that reads v, or -1.
func (f *fusion) reader(v nn.Value) int {
	if c := f.graph.Consumers(v); len(c) == 1 && v != f.graph.Logits {
		return c[0]
	}
	return -1
}

// findStem finds the convolution that alone reads the normalised images.
func (f *fusion) findStem() {
	g := f.graph
	for i := range g.Nodes {
		_, ok := g.Nodes[i].Op.(nn.Normalize)
		c := f.reader(g.Nodes[i].Out)
		if !ok || c < 0 {
			continue
		}
		x := g.Type(g.Nodes[i].Out).Shape
		if op, ok := g.Nodes[c].Op.(nn.Conv); ok && !op.Bias && kernels.StemFits(x.C, op.Kernel, op.Out) {
			f.normalize, f.stem = i, c
			f.onTensorCores[c] = false
		}
	}
}

// findAdds gives each Add to the node that makes the later of its inputs, if that is a convolution on tensor cores: the
// other input is there by then.
func (f *fusion) findAdds() {
	g := f.graph
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if _, ok := n.Op.(nn.Add); !ok || n.In[0] == n.In[1] {
			continue
		}
		last := max(g.Producer(n.In[0]), g.Producer(n.In[1]))
		if last >= 0 && f.onTensorCores[last] && f.reader(g.Nodes[last].Out) == i {
			f.adds[last] = i
		}
	}
}

// findNorms finds the lazy batch norms: those that only a convolution on tensor cores reads. Their statistics come from
// the kernel that writes their input, if it can make them and makes them for no other batch norm.
func (f *fusion) findNorms() {
	g := f.graph
	busy := map[int]bool{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if _, ok := n.Op.(nn.BatchNorm); !ok {
			continue
		}
		c := f.reader(n.Out)
		if c < 0 || !f.onTensorCores[c] {
			continue
		}
		f.appliedBy[i] = c
		p := g.Producer(n.In[0])
		if p >= 0 && !busy[p] && f.computesStats(p) {
			f.statsFrom[i] = p
			busy[p] = true
		}
	}
}

// computesStats says whether the kernel that writes a node's output can make statistics of it.
func (f *fusion) computesStats(i int) bool {
	if i == f.stem {
		return true
	}
	if _, adds := f.adds[i]; f.onTensorCores[i] && !adds {
		return true
	}
	return f.convOfAdd(i) >= 0
}

// convOfAdd is the convolution that does an Add, or -1.
func (f *fusion) convOfAdd(add int) int {
	for c, a := range f.adds {
		if a == add {
			return c
		}
	}
	return -1
}

// findSharedGrads finds the values whose whole gradient one convolution can write: read by that convolution, and
// otherwise by at most one lazy batch norm.
func (f *fusion) findSharedGrads() {
	g := f.graph
	needs := g.NeedsGrad()
	for i := range g.Nodes {
		v := g.Nodes[i].Out
		if !needs[v] {
			continue
		}
		conv, norm, others := -1, -1, 0
		for _, c := range g.Consumers(v) {
			_, lazy := f.appliedBy[c]
			switch {
			case f.onTensorCores[c] && conv < 0:
				conv = c
			case lazy && norm < 0:
				norm = c
			default:
				others++
			}
		}
		op, isAdd := g.Nodes[i].Op.(nn.Add)
		switch {
		case conv >= 0 && others == 0:
			if norm >= 0 {
				f.gradAddedBy[norm] = conv
			}
			f.masked[v] = isAdd && op.ReLU
		case conv < 0 && norm < 0 && others == 1:
			_, isPool := g.Nodes[g.Consumers(v)[0]].Op.(nn.AvgPool)
			f.masked[v] = isAdd && op.ReLU && isPool
		}
	}
}

// findHead finds the end of a classifier: [Linear{ReLU} ->] Linear -> loss.
func (f *fusion) findHead() {
	g := f.graph
	last := g.Producer(g.Logits)
	op, ok := g.Nodes[last].Op.(nn.Linear)
	h := g.Nodes[last].In[0]
	features := g.Elems(h, 1)
	if !ok || op.ReLU || len(g.Consumers(g.Logits)) != 1 || f.reader(h) != last || !g.NeedsGrad()[h] ||
		!kernels.HeadFits(features, op.Out) {
		return
	}
	f.head = last
	if p := g.Producer(h); p >= 0 {
		if l, ok := g.Nodes[p].Op.(nn.Linear); ok && l.ReLU {
			f.hidden = p
		}
	}
}

// normAfter is the lazy batch norm that alone reads the output of a convolution on tensor cores or of the stem, or -1.
// The node's backward kernels compute that batch norm's data gradient, their dy, while they load it.
func (f *fusion) normAfter(i int) int {
	n := f.reader(f.graph.Nodes[i].Out)
	if _, ok := f.appliedBy[n]; ok && (f.onTensorCores[i] || i == f.stem) {
		return n
	}
	return -1
}

// normBefore is the lazy batch norm that a convolution applies while it loads its input, or -1.
func (f *fusion) normBefore(node int) int {
	p := f.graph.Producer(f.graph.Nodes[node].In[0])
	if c, ok := f.appliedBy[p]; ok && c == node {
		return p
	}
	return -1
}

// statsFor is the lazy batch norm whose statistics a node's kernel makes, or -1.
func (f *fusion) statsFor(node int) int {
	for norm, from := range f.statsFrom {
		if from == node {
			return norm
		}
	}
	return -1
}

// addsGradOf is the lazy batch norm whose data gradient a convolution adds to its own, or -1.
func (f *fusion) addsGradOf(conv int) int {
	for norm, c := range f.gradAddedBy {
		if c == conv {
			return norm
		}
	}
	return -1
}
