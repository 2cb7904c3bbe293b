package diagram

import (
	"strings"

	"resnet/nn"
)

// A network is a graph in the form in which it is drawn.
type network struct {
	name   string
	boxes  []box   // in the order of execution: arrows point to later boxes
	arrows []arrow // in the order of the boxes that they end at
	frames []frame // from first to last
	params int64
	flops  int64 // forward, for one image

	in, out [][]int // arrows that end and that start at each box

	main  []int  // the last arrow of the longest path to each box, or -1
	spine []bool // whether a box is on the main path
}

// A box is a node of the graph, or one of its inputs.
type box struct {
	name   string
	what   string // "conv 3×3, 16 → 32"
	class  string // kind of op, which chooses the colour
	params int64
}

// An arrow is one input of a box.
type arrow struct {
	from, to int
	shape    string
}

// A frame surrounds the boxes of a block, first to last.
type frame struct {
	name        string
	first, last int
	params      int64
}

func newNetwork(g *nn.Graph) *network {
	n := &network{name: clean(g.Name)}
	boxOf := map[nn.Value]int{} // the box that writes a value
	var blocks []string         // the block of each box
	add := func(b box, v nn.Value, block string) int {
		boxOf[v] = len(n.boxes)
		n.boxes, blocks = append(n.boxes, b), append(blocks, block)
		n.in, n.out = append(n.in, nil), append(n.out, nil)
		return boxOf[v]
	}
	for i := range g.Nodes {
		node := &g.Nodes[i]
		block := clean(blockOf(node.Name))
		for _, v := range node.In {
			if _, there := boxOf[v]; !there { // an input of the graph, drawn before the box that reads it first
				add(box{name: clean(g.ValueName(v)), what: "input", class: "data"}, v, block)
			}
		}
		b := box{name: clean(node.Name), what: node.Op.Describe(g.InTypes(node), g.Type(node.Out)),
			class: class(node.Op)}
		for _, p := range node.Params {
			b.params += int64(g.Elems(p, 1))
		}
		to := add(b, node.Out, block)
		for _, v := range node.In {
			from, a := boxOf[v], len(n.arrows)
			n.arrows = append(n.arrows, arrow{from, to, shape(g.Type(v))})
			n.out[from], n.in[to] = append(n.out[from], a), append(n.in[to], a)
		}
		n.params += b.params
		n.flops += node.Op.FLOPs(g.InTypes(node))
	}
	n.frame(blocks)
	n.findSpine()
	return n
}

// blockOf returns the prefix of a node's name that names its block: up to the first number, "layer1.0" of
// layer1.0.downsample.1, or up to the first dot if there is no number. It is empty for a name without dots.
func blockOf(name string) string {
	parts := strings.Split(name, ".")
	parents := parts[:len(parts)-1]
	for i, p := range parents {
		if strings.Trim(p, "0123456789") == "" {
			return strings.Join(parts[:i+1], ".")
		}
	}
	if len(parents) == 0 {
		return ""
	}
	return parents[0]
}

// frame puts two or more consecutive boxes of one block into a frame.
func (n *network) frame(blocks []string) {
	for first := 0; first < len(blocks); {
		f := frame{name: blocks[first], first: first, last: first}
		for f.last+1 < len(blocks) && blocks[f.last+1] == f.name {
			f.last++
		}
		if f.name != "" && f.last > first {
			for _, b := range n.boxes[first : f.last+1] {
				f.params += b.params
			}
			n.frames = append(n.frames, f)
		}
		first = f.last + 1
	}
}

// findSpine finds the main path: the longest path to the last box, counted in boxes. Of equally long paths it takes
// that of the earlier input.
func (n *network) findSpine() {
	depth := make([]int, len(n.boxes))
	n.main, n.spine = make([]int, len(n.boxes)), make([]bool, len(n.boxes))
	for i := range n.main {
		n.main[i] = -1
	}
	for i, a := range n.arrows {
		if n.main[a.to] < 0 || depth[a.from] >= depth[a.to] {
			depth[a.to], n.main[a.to] = depth[a.from]+1, i
		}
	}
	for b := len(n.boxes) - 1; b >= 0; b = n.before(b) {
		n.spine[b] = true
	}
}

// before returns the box before b on the longest path to b, or -1.
func (n *network) before(b int) int {
	if n.main[b] < 0 {
		return -1
	}
	return n.arrows[n.main[b]].from
}

// inBranch reports whether an arrow is part of a branch: it is not on the main path and does not come from an input of
// the network.
func (n *network) inBranch(a int) bool {
	from, to := n.arrows[a].from, n.arrows[a].to
	return !(n.spine[to] && n.main[to] == a) && len(n.in[from]) > 0
}
