package diagram

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
)

func drawn(t testing.TB, g *nn.Graph, format string) string {
	t.Helper()
	var b bytes.Buffer
	must(t, Write(&b, g, format))
	return b.String()
}

// graphs returns the graphs that every format is tested on.
func graphs(t testing.TB) []*nn.Graph {
	all := []*nn.Graph{seed(t), resNet50(t), strange(t)}
	for i := range 8 {
		all = append(all, tangle(t, uint64(i)))
	}
	return all
}

// arrowsOf lists the arrows of a graph: the names at both ends and the shape.
func arrowsOf(g *nn.Graph) []string {
	var all []string
	for i := range g.Nodes {
		for _, v := range g.Nodes[i].In {
			all = append(all, clean(g.ValueName(v))+" > "+clean(g.Nodes[i].Name)+" : "+shape(g.Type(v)))
		}
	}
	return all
}

// checkSame compares two lists, whose order does not matter.
func checkSame(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSameBytes(t *testing.T) {
	for _, g := range graphs(t) {
		for _, f := range Formats() {
			first := drawn(t, g, f)
			for range 5 {
				if drawn(t, g, f) != first {
					t.Errorf("%s as %s differs from time to time", g.Name, f)
				}
			}
		}
	}
}

func TestErrors(t *testing.T) {
	broken := nn.NewGraph("broken", 1, 4, 4, 2)
	broken.Apply("conv", nn.Conv{}, broken.Images)
	for _, c := range []struct {
		g      *nn.Graph
		format string
		want   string
	}{
		{seed(t), "png", `diagram: format "png", want dot, mermaid or svg`},
		{broken, SVG, "diagram: nn: conv: "},
		{nn.NewGraph("empty", 1, 4, 4, 2), SVG, "diagram: empty: a graph of 0 nodes, want at least 1"},
	} {
		var b bytes.Buffer
		if err := Write(&b, c.g, c.format); err == nil || !strings.HasPrefix(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("%d bytes and error %v, want none and %s", b.Len(), err, c.want)
		}
	}
	if err := Write(brokenWriter{}, seed(t), SVG); !errors.Is(err, errBroken) {
		t.Errorf("a writer that fails: error %v, want its own", err)
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

// TestNetwork: the seed network's frames, main path and counts. Each block has seven ops on its longer path and two in
// the shortcut. The counts are computed by hand: block 0 has convolutions of 16*16, 16*16, 9*16*32 and 32*16, and 4
// values a channel in batch norms of 16, 16 and 32.
func TestNetwork(t *testing.T) {
	n := newNetwork(seed(t))
	if n.params != 1_749_210 {
		t.Errorf("%d parameters, want 1749210", n.params)
	}
	if len(n.frames) != 4 || n.frames[0].name != "blocks.0" || n.frames[0].params != 5_888 ||
		n.frames[3].name != "blocks.3" {
		t.Errorf("frames %+v, want blocks.0 of 5888 parameters to blocks.3", n.frames)
	}
	for i, b := range n.boxes {
		if aside := strings.Contains(b.name, "shortcut") || b.name == "labels"; n.spine[i] == aside {
			t.Errorf("%s on the main path: %v", b.name, n.spine[i])
		}
	}
	for a, arrow := range n.arrows {
		name := n.boxes[arrow.from].name + n.boxes[arrow.to].name
		if want := strings.Contains(name, "shortcut"); n.inBranch(a) != want {
			t.Errorf("arrow %s in a branch: %v, want %v", name, n.inBranch(a), want)
		}
	}
	// An identity shortcut is a branch without boxes.
	n = newNetwork(resNet50(t))
	for a, arrow := range n.arrows {
		if n.boxes[arrow.from].name == "layer1.0.add" && n.boxes[arrow.to].name == "layer1.1.add" != n.inBranch(a) {
			t.Errorf("arrow to %s in a branch: %v", n.boxes[arrow.to].name, n.inBranch(a))
		}
	}
	if len(n.frames) != 16 || n.params != 25_557_032+53_120 {
		t.Errorf("ResNet-50: %d frames and %d parameters, want 16 and 25610152", len(n.frames), n.params)
	}
}

func TestBlockOf(t *testing.T) {
	for name, want := range map[string]string{
		"stem": "", "blocks.0.conv1": "blocks.0", "layer1.2.downsample.0": "layer1.2", "features.12": "features",
		"0.conv": "0", "head.fc.out": "head", "a.b1.c": "a", "x.3.4.5": "x.3",
	} {
		if got := blockOf(name); got != want {
			t.Errorf("block of %s is %q, want %q", name, got, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	g := nn.NewGraph("ops", 3, 8, 8, 5)
	x := g.Apply("input", nn.Normalize{Std: []float32{1, 2, 3}}, g.Images)
	classes := map[string]bool{}
	for i, c := range []struct {
		op   nn.Op
		want string
	}{
		{nn.Conv{Out: 7, Kernel: 3}, "conv 3×3, 3 → 7"},
		{nn.Conv{Out: 7, Kernel: 5, Stride: 2, Pad: nn.Padding(2)}, "conv 5×5, 3 → 7, stride 2"},
		{nn.BatchNorm{}, "batch norm"},
		{nn.BatchNorm{ReLU: true}, "batch norm + ReLU"},
		{nn.ReLU{}, "ReLU"},
		{nn.AvgPool{Kernel: 2}, "average pool 2×2, stride 2"},
		{nn.AvgPool{Kernel: 3, Stride: 1}, "average pool 3×3"},
		{nn.MaxPool{Kernel: 3, Stride: 2}, "max pool 3×3, stride 2"},
		{nn.GlobalAvgPool{}, "global average pool"},
		{nn.Linear{Out: 4, ReLU: true}, "linear, 192 → 4 + ReLU"},
		{double{}, "double"},
	} {
		g.Apply(fmt.Sprint("op", i), c.op, x)
		must(t, g.Err())
		if got := describe(g, &g.Nodes[len(g.Nodes)-1]); got != c.want {
			t.Errorf("%+v is %q, want %q", c.op, got, c.want)
		}
		classes[class(c.op)] = true
	}
	g.Apply("add", nn.Add{ReLU: true}, x, x)
	if got := describe(g, &g.Nodes[len(g.Nodes)-1]); got != "add + ReLU" {
		t.Errorf("a sum with ReLU is %q", got)
	}
	if got := describe(g, &g.Nodes[0]); got != "(x/255 - mean) / std" {
		t.Errorf("an input that normalises is %q", got)
	}
	classes[class(nn.Add{})], classes[class(nn.Normalize{})] = true, true
	if want := slices.Sorted(maps.Keys(fill)); !slices.Equal(slices.Sorted(maps.Keys(classes)), want) {
		t.Errorf("classes %v, want %v", classes, want)
	}
	for c := range classes {
		if n := strings.Count(style, "."+c+" .box"); n != 2 {
			t.Errorf("class %s has %d styles, want a light and a dark one", c, n)
		}
	}
}

// double is an op that the package does not know.
type double struct{ nn.ReLU }

func (double) Kind() string { return "double" }

func TestText(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1_749_210: "1,749,210"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{
		7: "7 FLOP", 999: "999 FLOP", 1000: "1 kFLOP", 56_700_000: "56.7 MFLOP",
		8_210_000_000: "8.21 GFLOP", 999_600_000: "1 GFLOP", 12e15: "12 PFLOP",
	} {
		if got := flops(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
	if got := elide("short", 11, 100); got != "short" {
		t.Errorf("a short name is %q", got)
	}
	got := elide("features.very.long.block.0.shortcut.conv", 11, 100)
	if width(got, 11) > 100 || !strings.HasPrefix(got, "feat") || !strings.HasSuffix(got, "conv") ||
		strings.Count(got, "…") != 1 {
		t.Errorf("a long name is %q, want its beginning, … and its end", got)
	}
	if got := clean("a\x00b\nc\xffd é→"); got != "a b c\uFFFDd é→" {
		t.Errorf("clean gives %q", got)
	}
}
