//go:build !nocuda

package cuda

import (
	"slices"

	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// schedule says when the work of each instruction of a program runs. Times are indices of instructions. Fusion moves
// work: a convolution that does an Add runs when the Add would. The planner gets a span for each instruction, from the
// first to the last time at which its tensors are used.
type schedule struct {
	fusion   *fusion
	forward  []int // by node: the index of its instruction, or -1
	backward []int
	last     int // index of the last instruction that has a node
	spans    []nn.Span
	groups   []weightGroup
}

// weightGroup is a list of convolutions whose weight gradients one launch makes, on a side stream from at to until.
type weightGroup struct {
	convs     []int
	at, until int
}

// overlap is how many instructions of the backward pass a side task may last: enough that the main stream seldom waits
// for it, and not so many that much memory stays in use.
const overlap = 12

func newSchedule(f *fusion, instructions []nn.Instruction) *schedule {
	n := len(f.graph.Nodes)
	s := &schedule{
		fusion: f, forward: make([]int, n), backward: make([]int, n), spans: make([]nn.Span, len(instructions)),
	}
	for i := range n {
		s.forward[i], s.backward[i] = -1, -1
	}
	for i, in := range instructions {
		s.spans[i] = nn.Span{Start: i, End: i}
		switch in.Phase {
		case nn.Forward:
			s.forward[in.Node], s.last = i, i
		case nn.Backward:
			s.backward[in.Node], s.last = i, i
		}
	}
	s.groupWeights()
	s.spanForward()
	s.spanBackward()
	return s
}

// extend makes the span of an instruction, unless that is -1, include start to end.
func (s *schedule) extend(instruction, start, end int) {
	if instruction < 0 {
		return
	}
	span := &s.spans[instruction]
	span.Start, span.End = min(span.Start, start), max(span.End, end)
}

// forwardAt is when a node runs forward.
func (s *schedule) forwardAt(node int) int {
	f := s.fusion
	if add, ok := f.adds[node]; ok {
		return s.forward[add]
	}
	if node == f.head {
		return s.forward[f.graph.Producer(f.graph.Probabilities)]
	}
	return s.forward[node]
}

// residualBranch says whether a convolution makes the residual branch that a later convolution adds. It may then run on
// a side stream until before the Add.
func (s *schedule) residualBranch(conv int) (until int, ok bool) {
	f := s.fusion
	add := f.reader(f.graph.Nodes[conv].Out)
	if !f.onTensorCores[conv] || add < 0 || f.convOfAdd(add) < 0 || f.convOfAdd(add) == conv {
		return 0, false
	}
	return s.forward[add] - 1, true
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

// dataGradientAt is when a convolution's data gradient runs.
func (s *schedule) dataGradientAt(conv int) int {
	f := s.fusion
	if b := f.addsGradOf(conv); b >= 0 {
		return max(s.backward[conv], s.backward[b])
	}
	return s.gradientReady(conv)
}

// gradientReady is when a convolution's backward pass may begin. That of a residual branch need not wait for its own
// instruction: dy is there after the Add's.
func (s *schedule) gradientReady(conv int) int {
	f := s.fusion
	// Where the convolution applies a batch norm, nothing else writes its data gradient, so the order does not matter.
	if _, ok := s.residualBranch(conv); ok && f.normBefore(conv) >= 0 {
		return s.backward[f.reader(f.graph.Nodes[conv].Out)] + 1
	}
	return s.backward[conv]
}

// normGradientAt is when dy of a lazy batch norm, and the sums of its gradient, are needed.
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

// groupWeights makes groups of convolutions, in the order of the backward pass. A group's launch runs when dy of all
// its convolutions is there.
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

// weightGradientAt is from when to when the weight gradient of a convolution or the stem is made.
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
		start := s.backward[i]
		if f.onTensorCores[i] {
			start, end = s.gradientReady(i), max(end, s.dataGradientAt(i))
		}
		s.extend(s.backward[i], start, end)
		// The convolution reads tensors that belong to the instructions of the batch norms around it.
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
