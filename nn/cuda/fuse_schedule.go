//go:build !nocuda

package cuda

import (
	"slices"

	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// schedule says when the work of each step of a program runs, in steps of
// the plan. Fusion moves work: a convolution that does a sum's work runs when
// the sum would. What a step touches lives from its place, or from where its work
// begins if that is earlier, to where the last of its work ends.
type schedule struct {
	fusion   *fusion
	forward  []int // by node: the step's index, or -1
	backward []int
	last     int // index of the last step that has a node
	spans    []nn.Span
	groups   []weightGroup
}

// weightGroup is convolutions whose weight gradients one launch makes, on the side.
type weightGroup struct {
	convs     []int
	at, until int
}

// overlap is how many steps of the backward pass work on the side may take:
// long enough to stay off the main path, short enough that memory is given back.
const overlap = 12

func newSchedule(f *fusion, instructions []nn.Instruction) *schedule {
	n := len(f.graph.Nodes)
	s := &schedule{fusion: f, forward: make([]int, n), backward: make([]int, n), spans: make([]nn.Span, len(instructions))}
	for i := range n {
		s.forward[i], s.backward[i] = -1, -1
	}
	for i, step := range instructions {
		s.spans[i] = nn.Span{Start: i, End: i}
		switch step.Phase {
		case nn.Forward:
			s.forward[step.Node], s.last = i, i
		case nn.Backward:
			s.backward[step.Node], s.last = i, i
		}
	}
	s.groupWeights()
	s.spanForward()
	s.spanBackward()
	return s
}

// extend makes a step last from start to end at least.
func (s *schedule) extend(step, start, end int) {
	if step < 0 {
		return
	}
	s.spans[step].Start = min(s.spans[step].Start, start)
	s.spans[step].End = max(s.spans[step].End, end)
}

// product is when a convolution, the stem or a linear layer runs forward.
func (s *schedule) forwardAt(node int) int {
	f := s.fusion
	if sum, ok := f.adds[node]; ok {
		return s.forward[sum]
	}
	if node == f.head {
		return s.forward[f.graph.Producer(f.graph.Probabilities)]
	}
	return s.forward[node]
}

// branch says whether a convolution makes the other branch of a sum that a
// later convolution adds: it may run beside the main path. The sum waits for it.
func (s *schedule) residualBranch(conv int) (until int, ok bool) {
	f := s.fusion
	sum := f.reader(f.graph.Nodes[conv].Out)
	if !f.onTensorCores[conv] || sum < 0 || f.convOfAdd(sum) < 0 || f.convOfAdd(sum) == conv {
		return 0, false
	}
	return s.forward[sum] - 1, true
}

func (s *schedule) spanForward() {
	f := s.fusion
	for i := range f.graph.Nodes {
		at := s.forwardAt(i)
		if until, ok := s.residualBranch(i); ok {
			at = until
		}
		s.extend(s.forward[i], at, at)
		if b := f.normBefore(i); b >= 0 {
			s.extend(s.forward[b], s.forward[b], at)
		}
	}
	if f.stem >= 0 {
		s.extend(s.forward[f.normalize], s.forward[f.stem], s.forward[f.stem])
	}
}

// dataGradient is when a convolution's data gradient runs.
func (s *schedule) dataGradientAt(conv int) int {
	f := s.fusion
	if b := f.addsGradOf(conv); b >= 0 {
		return max(s.backward[conv], s.backward[b])
	}
	return s.gradientReady(conv)
}

// begin is when a convolution's output gradient is there: right behind a sum that is
// earlier than the convolution's own turn where it makes the sum's other branch.
func (s *schedule) gradientReady(conv int) int {
	f := s.fusion
	// Reading through a batch norm, it alone writes its data gradient.
	if _, ok := s.residualBranch(conv); ok && f.normBefore(conv) >= 0 {
		return s.backward[f.reader(f.graph.Nodes[conv].Out)] + 1
	}
	return s.backward[conv]
}

// normGradient is when the gradient behind a batch norm of through is needed.
func (s *schedule) normGradientAt(norm int) int {
	f := s.fusion
	if conv, ok := f.gradAddedBy[norm]; ok {
		return s.dataGradientAt(conv)
	}
	if f.gradOnLoad(norm) {
		return s.gradientReady(f.graph.Producer(f.graph.Nodes[norm].In[0]))
	}
	return s.backward[norm]
}

// groupWeights puts convolutions together, in the order of the backward pass. A
// group's work begins when the last of its gradients is there.
func (s *schedule) groupWeights() {
	nodes := s.fusion.graph.Nodes
	for i := range slices.Backward(nodes) {
		if !s.fusion.onTensorCores[i] || s.backward[i] < 0 {
			continue
		}
		n := len(s.groups)
		if n == 0 || len(s.groups[n-1].convs) == kernels.MostWeightGradients {
			s.groups = append(s.groups, weightGroup{})
			n++
		}
		g := &s.groups[n-1]
		g.convs = append(g.convs, i)
		g.at = max(g.at, s.gradientReady(i))
		g.until = min(g.at+overlap, s.last)
	}
}

// weightGradient is from when to when a convolution's or the stem's weight
// gradient, which nobody waits for, is made.
func (s *schedule) weightGradientAt(conv int) (at, until int) {
	for _, g := range s.groups {
		if slices.Contains(g.convs, conv) {
			return g.at, g.until
		}
	}
	return s.backward[conv], min(s.backward[conv]+overlap, s.last)
}

func (s *schedule) spanBackward() {
	f := s.fusion
	for i := range f.graph.Nodes {
		if !f.onTensorCores[i] && i != f.stem || s.backward[i] < 0 {
			continue
		}
		_, end := s.weightGradientAt(i)
		begin := s.backward[i]
		if f.onTensorCores[i] {
			begin, end = s.gradientReady(i), max(end, s.dataGradientAt(i))
		}
		s.extend(s.backward[i], begin, end)
		// The batch norms before and behind it: their steps hold the tensors that
		// it reads through them.
		for _, b := range []int{f.normBefore(i), f.normAfter(i), f.addsGradOf(i)} {
			if b >= 0 {
				s.extend(s.backward[b], s.backward[b], end)
			}
		}
	}
	if f.head >= 0 {
		loss := f.graph.Producer(f.graph.Probabilities)
		if at := s.backward[f.head]; at >= 0 {
			s.extend(s.backward[loss], at, at)
		}
		if f.hidden >= 0 && s.backward[f.hidden] >= 0 {
			s.extend(s.backward[f.head], s.backward[f.hidden], s.backward[f.hidden])
		}
	}
}
