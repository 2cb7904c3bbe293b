package diagram

import (
	"strings"
	"testing"

	"resnet/nn"
)

// find returns the index of the box of that name.
func (n *network) find(t *testing.T, name string) int {
	t.Helper()
	for i, b := range n.boxes {
		if b.name == name {
			return i
		}
	}
	t.Fatalf("no box %s", name)
	return 0
}

// TestMainPath: the main path is one straight line, and the shortcuts of all blocks share one other lane, with their
// boxes at half the height of the block.
func TestMainPath(t *testing.T) {
	for _, g := range []*nn.Graph{seed(t), resNet50(t)} {
		l := newLayout(newNetwork(g))
		for i, b := range l.boxes {
			if l.spine[i] != (l.lane[i] == 0) || l.lane[i] > 1 {
				t.Errorf("%s: %s is in lane %d", g.Name, b.name, l.lane[i])
			}
		}
		for a := range l.arrows {
			if l.inBranch(a) && l.routes[a].lane != 1 {
				t.Errorf("%s: arrow %d in a branch runs in lane %d, want 1", g.Name, a, l.routes[a].lane)
			}
		}
	}
	l := newLayout(newNetwork(seed(t)))
	for _, c := range [][2]string{{"shortcut.bn", "bn1"}, {"shortcut.conv", "conv2"}} {
		if beside, main := l.row[l.find(t, "blocks.2."+c[0])], l.row[l.find(t, "blocks.2."+c[1])]; beside != main {
			t.Errorf("%s is in row %d, want %s's %d", c[0], beside, c[1], main)
		}
	}
	if labels, loss := l.row[l.find(t, "labels")], l.row[l.find(t, "loss")]; labels != loss-1 {
		t.Errorf("labels are in row %d, want one above the loss's %d", labels, loss)
	}
}

// TestLongestWay: the main path takes the longer path, even through a second input, and the first input of two equally
// long paths.
func TestLongestWay(t *testing.T) {
	g := nn.NewGraph("ways", 2, 4, 4, 2)
	x := g.Apply("input", nn.Normalize{}, g.Images)
	short := g.Apply("short", nn.ReLU{}, x)
	long := g.Apply("long2", nn.ReLU{}, g.Apply("long1", nn.ReLU{}, x))
	x = g.Apply("sum", nn.Add{}, short, long)
	left := g.Apply("left", nn.ReLU{}, x)
	right := g.Apply("right", nn.ReLU{}, x)
	g.Apply("end", nn.Add{}, left, right)
	must(t, g.Err())
	n := newNetwork(g)
	for name, want := range map[string]bool{
		"short": false, "long1": true, "long2": true, "sum": true, "left": true,
		"right": false, "end": true,
	} {
		if n.spine[n.find(t, name)] != want {
			t.Errorf("%s on the main path: %v, want %v", name, !want, want)
		}
	}
}

// sum is an op of any number of inputs.
type sum struct{ nn.ReLU }

func (sum) Kind() string { return "sum" }

// TestNested: of two arrows that pass boxes the shorter is nearer to the main path, and arrows that end at the same box
// do not cross.
func TestNested(t *testing.T) {
	g := nn.NewGraph("nested", 2, 4, 4, 2)
	a := g.Apply("a", nn.Normalize{}, g.Images)
	b := g.Apply("b", nn.ReLU{}, a)
	c := g.Apply("c", nn.ReLU{}, b)
	g.Apply("d", sum{}, c, a, b)
	must(t, g.Err())
	l := newLayout(newNetwork(g))
	d := l.find(t, "d")
	outer, inner := l.routes[l.in[d][1]], l.routes[l.in[d][2]]
	if inner.lane != 1 || outer.lane != 2 {
		t.Errorf("lanes %d around %d, want 2 around 1", outer.lane, inner.lane)
	}
	if inner.port >= outer.port {
		t.Errorf("the inner arrow ends %.0f below the box's top, the outer one %.0f: they cross",
			inner.port, outer.port)
	}
	svg := drawn(t, g, SVG)
	if strings.Count(svg, "<circle") != 2 {
		t.Error("want a dot on the main path where each of two arrows leaves it")
	}
	p := parse(t, svg)
	for _, arrow := range []int{l.in[d][1], l.in[d][2]} {
		start, box := corners(t, p.lines[arrow])[0][1], p.boxes[l.arrows[arrow].from]
		if start < box.y1+10 {
			t.Errorf("arrow %d begins at %.1f, want it at the dot, further down than the box's end %.1f",
				arrow, start, box.y1)
		}
	}
}
