package diagram

import (
	"strings"

	"resnet/nn"
)

// A network is a graph as it is drawn.
type network struct {
	name   string
	boxes  []box   // in the order in which they run: arrows point to later ones
	arrows []arrow // by the box they end at
	frames []frame // from first to last
	params int64
	flops  int64 // forward, for one image

	in, out [][]int // arrows that end and that begin at each box

	main  []int  // of each box, the arrow by which the longest way reaches it, or -1
	spine []bool // whether a box is on the main path
}

// A box is a node of the graph, or one of its inputs.
type box struct {
	name   string
	what   string // "conv 3×3, 16 → 32"
	class  string // of op, which its colour tells
	params int64
}

// An arrow is one input of a box.
type arrow struct {
	from, to int
	shape    string
}

// A frame holds the boxes of a block, first to last.
type frame struct {
	name        string
	first, last int
	params      int64
}

func newNetwork(g *nn.Graph) *network {
	n := &network{name: clean(g.Name)}
	boxOf := map[nn.Value]int{} // that writes a value
	var blocks []string         // of each box
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
			if _, there := boxOf[v]; !there { // one of the graph's inputs, drawn where it is first read
				add(box{name: clean(g.ValueName(v)), what: "input", class: "data"}, v, block)
			}
		}
		b := box{name: clean(node.Name), what: describe(g, node), class: class(node.Op)}
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

// blockOf is the part of a node's name that says which block it is of: up to its first number, "layer1.0" of
// layer1.0.downsample.1, or else up to the first dot. It is empty for a name of one part.
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

// frame puts each run of at least two boxes of one block into a frame.
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

// findSpine finds the main path: the longest way to the last box, by number of boxes; of equal ones that of the earlier
// input.
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

// before is the box ahead of b on the longest way to it, or -1.
func (n *network) before(b int) int {
	if n.main[b] < 0 {
		return -1
	}
	return n.arrows[n.main[b]].from
}

// aside says whether an arrow is part of a branch: not of the main path, nor from an input of the network.
func (n *network) aside(a int) bool {
	from, to := n.arrows[a].from, n.arrows[a].to
	return !(n.spine[to] && n.main[to] == a) && len(n.in[from]) > 0
}
