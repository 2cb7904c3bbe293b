package diagram

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"resnet/nn"
)

type rect struct {
	x0, y0, x1, y1 float64
	what           string
}

func (r rect) meets(o rect) bool { return r.x0 < o.x1 && o.x0 < r.x1 && r.y0 < o.y1 && o.y0 < r.y1 }

func (r rect) holds(o rect) bool { return r.x0 < o.x0 && o.x1 < r.x1 && r.y0 < o.y0 && o.y1 < r.y1 }

// A picture is the content of an SVG file.
type picture struct {
	page          rect
	boxes, frames []rect
	texts         []rect // with their text, and the width that the layout assumes
	titles        []string
	lines         []string // paths of arrows
}

func parse(t *testing.T, svg string) *picture {
	t.Helper()
	p := &picture{}
	number := func(a map[string]string, key string) float64 {
		x, err := strconv.ParseFloat(a[key], 64)
		must(t, err)
		return x
	}
	d := xml.NewDecoder(strings.NewReader(svg))
	var open []map[string]string // attributes of the elements that are open
	for {
		token, err := d.Token()
		if err == io.EOF {
			return p
		}
		must(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			a := map[string]string{"": e.Name.Local}
			for _, at := range e.Attr {
				a[at.Name.Local] = at.Value
			}
			open = append(open, a)
			switch {
			case a[""] == "svg":
				p.page = rect{x1: number(a, "width"), y1: number(a, "height")}
			case a["class"] == "box" || a["class"] == "frame":
				x, y := number(a, "x"), number(a, "y")
				r := rect{x, y, x + number(a, "width"), y + number(a, "height"), a["class"]}
				if a["class"] == "box" {
					p.boxes = append(p.boxes, r)
				} else {
					p.frames = append(p.frames, r)
				}
			case a["class"] == "line":
				p.lines = append(p.lines, a["d"])
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) == 0 || open[len(open)-1][""] != "text" {
				if len(open) > 0 && open[len(open)-1][""] == "title" {
					p.titles = append(p.titles, string(e))
				}
				continue
			}
			a := open[len(open)-1]
			size := map[string]float64{"title": titleSize, "what": whatSize, "block": blockSize}[a["class"]]
			size = max(size, smallSize)
			x, y, w := number(a, "x"), number(a, "y"), width(string(e), size)
			if strings.HasSuffix(a["class"], "end") {
				x -= w
			}
			p.texts = append(p.texts, rect{x, y - 0.8*size, x + w, y + 0.2*size, string(e)})
		}
	}
}

// corners returns the points of a path, control points of its curves included. Between two of them it runs straight
// down or sideways, nearly enough.
func corners(t *testing.T, path string) [][2]float64 {
	t.Helper()
	fields := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("MLQ ", r) })
	var points [][2]float64
	for i := 0; i+1 < len(fields); i += 2 {
		x, err := strconv.ParseFloat(fields[i], 64)
		must(t, err)
		y, err := strconv.ParseFloat(fields[i+1], 64)
		must(t, err)
		points = append(points, [2]float64{x, y})
	}
	return points
}

// TestSVG: boxes do not overlap, nor do frames; a frame holds its own boxes only; everything is on the page; every box
// has its texts; every arrow leads from its first box to its last and crosses no box.
func TestSVG(t *testing.T) {
	all := graphs(t)
	for i := range 120 {
		all = append(all, tangle(t, uint64(100+i)))
	}
	for _, g := range all {
		t.Run(strings.ReplaceAll(g.Name, " ", "_"), func(t *testing.T) {
			n, p := newNetwork(g), parse(t, drawn(t, g, SVG))
			if len(p.boxes) != len(n.boxes) || len(p.titles) != len(n.boxes) || len(p.frames) != len(n.frames) {
				t.Fatalf("%d boxes, %d titles, %d frames, want %d, %[4]d, %d", len(p.boxes), len(p.titles),
					len(p.frames), len(n.boxes), len(n.frames))
			}
			for i, b := range n.boxes {
				if want := strings.Join(b.lines(), "\n"); p.titles[i] != want {
					t.Errorf("box %d is %q, want %q", i, p.titles[i], want)
				}
			}
			checkDisjoint(t, p.boxes)
			checkDisjoint(t, p.frames)
			checkFrames(t, n, p)
			checkArrows(t, g, n, p)
		})
	}
}

func checkDisjoint(t *testing.T, all []rect) {
	t.Helper()
	for i, r := range all {
		for _, o := range all[:i] {
			if r.meets(o) {
				t.Errorf("%+v overlaps %+v", r, o)
			}
		}
	}
}

func checkFrames(t *testing.T, n *network, p *picture) {
	t.Helper()
	for i, f := range n.frames {
		if !p.page.holds(p.frames[i]) {
			t.Errorf("frame %s, %+v, is not on the page, %+v", f.name, p.frames[i], p.page)
		}
		for k, b := range p.boxes {
			inside := f.first <= k && k <= f.last
			if inside != p.frames[i].holds(b) || !inside && p.frames[i].meets(b) {
				t.Errorf("box %s in frame %s: want %v", n.boxes[k].name, f.name, inside)
			}
		}
	}
	for k, b := range p.boxes {
		if !p.page.holds(b) {
			t.Errorf("box %s, %+v, is not on the page, %+v", n.boxes[k].name, b, p.page)
		}
	}
}

// checkArrows follows every arrow. One that forks may start on the line that goes straight down from its box.
func checkArrows(t *testing.T, g *nn.Graph, n *network, p *picture) {
	t.Helper()
	if len(p.lines) != len(n.arrows) {
		t.Fatalf("%d arrows, want %d", len(p.lines), len(n.arrows))
	}
	var named []string
	for i, a := range n.arrows {
		named = append(named, n.boxes[a.from].name+" > "+n.boxes[a.to].name+" : "+a.shape)
		points := corners(t, p.lines[i])
		from, to := p.boxes[a.from], p.boxes[a.to]
		first, last := points[0], points[len(points)-1]
		if math.Abs(first[0]-(from.x0+from.x1)/2) > 0.11 || first[1] < from.y1-0.11 {
			t.Errorf("%s: begins at %v, want below the middle of %+v", named[i], first, from)
		}
		// The tip, which is tipLength long, reaches the box from above or from a side.
		x, y := last[0], last[1]
		above := math.Abs(y+tipLength-to.y0) < 0.11 && to.x0 < x && x < to.x1
		beside := to.y0 < y && y < to.y1 && (math.Abs(x-tipLength-to.x1) < 0.11 || math.Abs(x+tipLength-to.x0) < 0.11)
		if !above && !beside {
			t.Errorf("%s: ends at %v, want at %+v", named[i], last, to)
		}
		for k := 1; k < len(points); k++ {
			q, r := points[k-1], points[k]
			line := rect{x0: min(q[0], r[0]), y0: min(q[1], r[1]), x1: max(q[0], r[0]), y1: max(q[1], r[1])}
			for b, box := range p.boxes {
				inner := rect{x0: box.x0 + 0.1, y0: box.y0 + 0.1, x1: box.x1 - 0.1, y1: box.y1 - 0.1}
				if line.x0 <= inner.x1 && inner.x0 <= line.x1 && line.y0 <= inner.y1 && inner.y0 <= line.y1 {
					t.Errorf("%s: runs through box %s", named[i], n.boxes[b].name)
				}
			}
			if k < len(points)-1 && r[1] < q[1]-0.11 {
				t.Errorf("%s: runs up, from %v to %v", named[i], q, r)
			}
		}
	}
	checkSame(t, "arrows", named, arrowsOf(g))
	for i := range n.arrows {
		for k := range i {
			if x, y, on := shared(corners(t, p.lines[i]), corners(t, p.lines[k])); on &&
				n.arrows[i].from != n.arrows[k].from {
				t.Errorf("%s and %s lie on each other at %.1f %.1f", named[i], named[k], x, y)
			}
		}
	}
}

// shared returns a point at which two arrows run on each other, if there is one; a crossing does not count.
func shared(p, q [][2]float64) (x, y float64, on bool) {
	for i := 1; i < len(p); i++ {
		for k := 1; k < len(q); k++ {
			a, b, c, d := p[i-1], p[i], q[k-1], q[k]
			left, right := max(min(a[0], b[0]), min(c[0], d[0])), min(max(a[0], b[0]), max(c[0], d[0]))
			top, bottom := max(min(a[1], b[1]), min(c[1], d[1])), min(max(a[1], b[1]), max(c[1], d[1]))
			if right >= left && bottom >= top && right-left+bottom-top > 1 {
				return left, top, true
			}
		}
	}
	return 0, 0, false
}

// TestSVGText: in networks of blocks no text overlaps another text, an arrow or a border; the text of each box and
// arrow is written once; long names are shortened.
func TestSVGText(t *testing.T) {
	for _, g := range []*nn.Graph{seed(t), resNet50(t), strange(t)} {
		n, p := newNetwork(g), parse(t, drawn(t, g, SVG))
		checkDisjoint(t, p.texts)
		shapes := map[string]int{}
		for _, a := range n.arrows {
			shapes[a.shape]++
		}
		for _, text := range p.texts {
			shapes[text.what]--
			if !p.page.holds(text) {
				t.Errorf("%s: text %+v is not on the page, %+v", g.Name, text, p.page)
			}
			for _, r := range append(p.boxes, p.frames...) {
				if r.meets(text) && !r.holds(text) {
					t.Errorf("%s: text %+v lies over the border of %+v", g.Name, text, r)
				}
			}
			for i, line := range p.lines {
				points := corners(t, line)
				for k := 1; k < len(points); k++ {
					q, r := points[k-1], points[k]
					l := rect{x0: min(q[0], r[0]) - 1, y0: min(q[1], r[1]) - 1}
					l.x1, l.y1 = max(q[0], r[0])+1, max(q[1], r[1])+1
					if l.meets(text) {
						t.Errorf("%s: text %+v lies on arrow %d, %v to %v", g.Name, text, i, q, r)
					}
				}
			}
		}
		for _, a := range n.arrows {
			if shapes[a.shape] != 0 {
				t.Errorf("%s: shape %s is written %d times too few", g.Name, a.shape, shapes[a.shape])
			}
		}
	}
	svg := drawn(t, strange(t), SVG)
	if strings.Contains(svg, "<b>") || !utf8.ValidString(svg) {
		t.Error("a name is not escaped")
	}
	long := fmt.Sprint(make([]int, 40))
	if got := strings.Count(svg, long); got != 1 {
		t.Errorf("a name of %d letters is written in full %d times, want once, where pointing at it shows it",
			len(long), got)
	}
}
