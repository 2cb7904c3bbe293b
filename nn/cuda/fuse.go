//go:build !nocuda

package cuda

import (
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// fusion says which nodes of a graph share kernels of our own. A
// convolution normalises its input while it loads it, so that the batch norm in
// front of it leaves no tensor; it adds the other branch of a residual block
// while it stores its output, and sums up what the batch norm behind it needs.
// Nodes that are not named run by themselves, as all do without fusion.
type fusion struct {
	graph *nn.Graph
	// fits are the convolutions that run on our kernels.
	onTensorCores map[int]bool
	// through is the convolution that is the only reader of a batch norm.
	appliedBy map[int]int
	// sum is the Add whose work a convolution does.
	adds map[int]int
	// maker is the node whose kernel makes a batch norm's statistics: a
	// convolution that fits, an Add that one does, or the stem.
	statsFrom map[int]int
	// join is, for a batch norm of through, the convolution that reads the same
	// value and adds the batch norm's gradient to its own.
	gradAddedBy map[int]int
	// masked are the sums with ReLU whose gradient arrives behind its mask.
	masked map[nn.Value]bool
	// stem is the first convolution, which reads bytes, and input the node before
	// it; -1 where there is none.
	stem, normalize int
	// head is the linear layer in front of the loss, and hidden the one with a
	// ReLU in front of that; -1 where there is none.
	head, hidden int
}

// fuse finds what can share kernels; nil without fusion, as where a plan keeps all tensors to be looked at.
func (b *backend) fuse(g *nn.Graph, c nn.PlanConfig) *fusion {
	if !b.fuses() || c.KeepAll {
		return nil
	}
	f := &fusion{
		graph: g, onTensorCores: map[int]bool{}, appliedBy: map[int]int{}, adds: map[int]int{}, statsFrom: map[int]int{},
		gradAddedBy: map[int]int{}, masked: map[nn.Value]bool{}, stem: -1, normalize: -1, head: -1, hidden: -1,
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

// fuses says whether this backend fuses at all: TF32 is what our kernels
// multiply float32 in, and check mode looks at every tensor.
func (b *backend) fuses() bool {
	major, _ := b.device.ComputeCapability()
	return b.config.Fuse != FuseOff && b.config.Precision != nn.FP32 && !b.config.Check && major >= 8
}

// fitsConv says whether a node is a convolution that our kernels can do.
func (b *backend) fitsTensorCores(g *nn.Graph, i int) bool {
	n := &g.Nodes[i]
	op, ok := n.Op.(nn.Conv)
	if !ok || op.Bias || op.EffectiveStride() != 1 || op.Pad != nn.Padding(op.Kernel/2) {
		return false
	}
	x, t, k := g.Type(n.In[0]).Shape, b.activationType(), b.kernels
	return k.ConvolutionFits(t, x.C, op.Out, op.Kernel, x.H, x.W) && k.ConvolutionFits(t, op.Out, x.C, op.Kernel, x.H, x.W) &&
		k.WeightGradientFits(t, x.C, op.Out, op.Kernel, x.H, x.W)
}

// reader is the only node that reads v, or -1.
func (f *fusion) reader(v nn.Value) int {
	if c := f.graph.Consumers(v); len(c) == 1 && v != f.graph.Logits {
		return c[0]
	}
	return -1
}

// findStem looks for a convolution of the looked-up images.
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

// findSums gives each sum to the later of the convolutions that it adds: the
// other branch is there by then.
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

// findNorms finds the batch norms that only a convolution reads, and who makes
// their statistics: the kernel that writes their input, if it has no other batch
// norm to serve.
func (f *fusion) findNorms() {
	g := f.graph
	served := map[int]bool{}
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
		if p >= 0 && !served[p] && f.computesStats(p) {
			f.statsFrom[i] = p
			served[p] = true
		}
	}
}

// makesStatistics says whether a node's output is written by a kernel that can
// sum it up.
func (f *fusion) computesStats(i int) bool {
	if i == f.stem {
		return true
	}
	if _, summed := f.adds[i]; f.onTensorCores[i] && !summed {
		return true
	}
	return f.convOfAdd(i) >= 0
}

// adder is the convolution that does a sum's work, or -1.
func (f *fusion) convOfAdd(sum int) int {
	for c, s := range f.adds {
		if s == sum {
			return c
		}
	}
	return -1
}

// findJoins looks at the values whose gradient one kernel can finish: read by
// one convolution, and at most by one batch norm of through besides.
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
			_, through := f.appliedBy[c]
			switch {
			case f.onTensorCores[c] && conv < 0:
				conv = c
			case through && norm < 0:
				norm = c
			default:
				others++
			}
		}
		op, sum := g.Nodes[i].Op.(nn.Add)
		switch {
		case conv >= 0 && others == 0:
			if norm >= 0 {
				f.gradAddedBy[norm] = conv
			}
			f.masked[v] = sum && op.ReLU
		case conv < 0 && norm < 0 && others == 1:
			_, pool := g.Nodes[g.Consumers(v)[0]].Op.(nn.AvgPool)
			f.masked[v] = sum && op.ReLU && pool
		}
	}
}

// findHead looks for the end of a classifier: [Linear{ReLU} ->] Linear -> loss.
func (f *fusion) findHead() {
	g := f.graph
	last := g.Producer(g.Logits)
	op, ok := g.Nodes[last].Op.(nn.Linear)
	h := g.Nodes[last].In[0]
	features := g.Elems(h, 1)
	if !ok || op.ReLU || len(g.Consumers(g.Logits)) != 1 || f.reader(h) != last || !g.NeedsGrad()[h] || !kernels.HeadFits(features, op.Out) {
		return
	}
	f.head = last
	if p := g.Producer(h); p >= 0 {
		if l, ok := g.Nodes[p].Op.(nn.Linear); ok && l.ReLU {
			f.hidden = p
		}
	}
}

// normBehind is the batch norm of through whose gradient a convolution or the
// stem takes as it reads: it alone reads their output. -1 where there is none.
func (f *fusion) normAfter(i int) int {
	n := f.reader(f.graph.Nodes[i].Out)
	if _, ok := f.appliedBy[n]; ok && (f.onTensorCores[i] || i == f.stem) {
		return n
	}
	return -1
}

// normBefore is the batch norm that a node reads through, or -1: only
// convolutions that fit do.
func (f *fusion) normBefore(node int) int {
	p := f.graph.Producer(f.graph.Nodes[node].In[0])
	if c, ok := f.appliedBy[p]; ok && c == node {
		return p
	}
	return -1
}

// statsFor is the batch norm whose statistics a node's kernel makes, or -1.
func (f *fusion) statsFor(node int) int {
	for norm, maker := range f.statsFrom {
		if maker == node {
			return norm
		}
	}
	return -1
}

// joined is the batch norm whose gradient a convolution adds to its own, or -1.
func (f *fusion) addsGradOf(conv int) int {
	for norm, c := range f.gradAddedBy {
		if c == conv {
			return norm
		}
	}
	return -1
}
