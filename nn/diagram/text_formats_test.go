package diagram

import (
	"html"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"resnet/nn"
)

// described is the content of a DOT or Mermaid file: boxes and arrows by identifier, and members of frames.
type described struct {
	names  map[string]string
	lines  map[string][]string // texts of the boxes
	arrows []string            // as arrowsOf has them
	aside  []bool              // whether each arrow is in a branch
	frames map[string]string   // the frame of each box
}

func (d *described) check(t *testing.T, g *nn.Graph) {
	t.Helper()
	n := newNetwork(g)
	if len(d.names) != len(n.boxes) {
		t.Errorf("%s: %d boxes, want %d", g.Name, len(d.names), len(n.boxes))
	}
	for i, b := range n.boxes {
		id := "n" + strconv.Itoa(i)
		if got, want := strings.Join(d.lines[id], "/"), strings.Join(b.lines(), "/"); got != want {
			t.Errorf("%s: box says %q, want %q", g.Name, got, want)
		}
		frame := ""
		for _, f := range n.frames {
			if f.first <= i && i <= f.last {
				frame = f.line()
			}
		}
		if d.frames[id] != frame {
			t.Errorf("%s: %s is in frame %q, want %q", g.Name, b.name, d.frames[id], frame)
		}
	}
	checkSame(t, g.Name+": arrows", d.arrows, arrowsOf(g))
	for i, aside := range d.aside {
		if aside != n.inBranch(i) {
			t.Errorf("%s: %s is in a branch: %v", g.Name, d.arrows[i], aside)
		}
	}
}

var (
	dotNode     = regexp.MustCompile(`^\t(n\d+) \[label="(.*)", fillcolor="#[0-9a-f]{6}"\];$`)
	dotArrow    = regexp.MustCompile(`^\t(n\d+) -> (n\d+) \[label="(.*)", (weight=10|color="#c2410c")\];$`)
	dotCluster  = regexp.MustCompile(`^\t\tgraph \[label="(.*)", labeljust=`)
	dotUnescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")
)

func TestDOT(t *testing.T) {
	for _, g := range graphs(t) {
		d := described{names: map[string]string{}, lines: map[string][]string{}, frames: map[string]string{}}
		frame := ""
		for line := range strings.Lines(drawn(t, g, DOT)) {
			line = strings.TrimSuffix(line, "\n")
			if m := dotNode.FindStringSubmatch(line); m != nil {
				d.lines[m[1]] = strings.Split(dotUnescape.Replace(m[2]), "\n")
				d.names[m[1]] = d.lines[m[1]][1]
			} else if m := dotArrow.FindStringSubmatch(line); m != nil {
				d.arrows = append(d.arrows, d.names[m[1]]+" > "+d.names[m[2]]+" : "+m[3])
				d.aside = append(d.aside, m[4] != "weight=10")
			} else if m := dotCluster.FindStringSubmatch(line); m != nil {
				frame = dotUnescape.Replace(m[1])
			} else if members, ok := strings.CutPrefix(line, "\t\tn"); ok {
				for id := range strings.SplitSeq(strings.TrimSpace("n"+members), "; ") {
					d.frames[strings.TrimSuffix(id, ";")] = frame
				}
			}
		}
		d.check(t, g)
	}
}

// TestGraphviz runs Graphviz on the files, if it is installed. It must accept them without a warning and find every box
// and arrow.
func TestGraphviz(t *testing.T) {
	if _, err := exec.LookPath("dot"); err != nil {
		t.Skip("no program dot; Graphviz has it")
	}
	for _, g := range graphs(t) {
		var warnings strings.Builder
		dot := exec.Command("dot", "-Tplain")
		dot.Stdin, dot.Stderr = strings.NewReader(drawn(t, g, DOT)), &warnings
		out, err := dot.Output()
		if err != nil || warnings.Len() > 0 {
			t.Errorf("%s: dot: %v: %s", g.Name, err, warnings.String())
		}
		n := newNetwork(g)
		if got := strings.Count(string(out), "\nnode "); got != len(n.boxes) {
			t.Errorf("%s: dot found %d nodes, want %d", g.Name, got, len(n.boxes))
		}
		if got := strings.Count(string(out), "\nedge "); got != len(n.arrows) {
			t.Errorf("%s: dot found %d edges, want %d", g.Name, got, len(n.arrows))
		}
	}
}

var (
	mermaidNode  = regexp.MustCompile(`^ +(n\d+)\["(.*)"\]:::(\w+)$`)
	mermaidArrow = regexp.MustCompile(`^  (n\d+) (-->|-\.->)\|"(.*)"\| (n\d+)$`)
	mermaidFrame = regexp.MustCompile(`^  subgraph g\d+\["(.*)"\]$`)
	mermaidRef   = regexp.MustCompile(`#(\d+);`)
)

// mermaidText decodes a quoted text as Mermaid does: "#35;" stands for "&#35;" of HTML.
func mermaidText(s string) string {
	return html.UnescapeString(mermaidRef.ReplaceAllString(s, "&#$1;"))
}

func TestMermaid(t *testing.T) {
	for _, g := range graphs(t) {
		d := described{names: map[string]string{}, lines: map[string][]string{}, frames: map[string]string{}}
		frame := ""
		for line := range strings.Lines(drawn(t, g, Mermaid)) {
			line = strings.TrimSuffix(line, "\n")
			if m := mermaidNode.FindStringSubmatch(line); m != nil {
				for s := range strings.SplitSeq(m[2], "<br/>") {
					if strings.ContainsAny(s, "\"<>&`[]") {
						t.Errorf("%s: %q has characters that mean something to Mermaid", g.Name, s)
					}
					d.lines[m[1]] = append(d.lines[m[1]], mermaidText(s))
				}
				d.names[m[1]] = d.lines[m[1]][1]
				if frame != "" {
					d.frames[m[1]] = frame
				}
			} else if m := mermaidArrow.FindStringSubmatch(line); m != nil {
				d.arrows = append(d.arrows, d.names[m[1]]+" > "+d.names[m[4]]+" : "+m[3])
				d.aside = append(d.aside, m[2] == "-.->")
			} else if m := mermaidFrame.FindStringSubmatch(line); m != nil {
				frame = mermaidText(m[1])
			} else if line == "  end" {
				frame = ""
			}
		}
		d.check(t, g)
	}
	title := strings.Split(drawn(t, strange(t), Mermaid), "\n")[1]
	if title != `title: 'a "net" <&> ''it''s'' \n: 10 params, 202 FLOP a forward pass'` {
		t.Errorf("a title with quotes is %s", title)
	}
}
