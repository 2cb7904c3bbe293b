package diagram

import (
	"fmt"
	"strings"
)

// dot returns a graph for Graphviz. Arrows of branches are in colour; those of the main path have a higher weight,
// which makes it straight.
func dot(n *network) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", dotQuote(n.name))
	const font = `fontname="Helvetica,Arial,sans-serif"`
	fmt.Fprintf(&b, "\tgraph [label=%s, labelloc=t, %s, fontsize=16, nodesep=0.4, ranksep=0.35];\n",
		dotQuote(n.name, n.heading()), font)
	fmt.Fprintf(&b, "\tnode [shape=box, style=\"rounded,filled\", color=\"#8a94a0\", %s, fontsize=11, "+
		"margin=\"0.15,0.06\"];\n", font)
	fmt.Fprintf(&b, "\tedge [color=\"#6b7480\", fontcolor=\"#5c6570\", %s, fontsize=10, arrowsize=0.7];\n\n", font)
	for i := range n.boxes {
		fmt.Fprintf(&b, "\tn%d [label=%s, fillcolor=%q];\n", i, dotQuote(n.boxes[i].lines()...), fill[n.boxes[i].class])
	}
	for i, f := range n.frames {
		fmt.Fprintf(&b, "\n\tsubgraph cluster_%d {\n\t\tgraph [label=%s, labeljust=r, fontsize=11, style=rounded, "+
			"color=\"#c3cad2\"];\n\t\t", i, dotQuote(f.line()))
		for k := f.first; k <= f.last; k++ {
			fmt.Fprintf(&b, "n%d; ", k)
		}
		b.WriteString("\n\t}\n")
	}
	b.WriteByte('\n')
	for i, a := range n.arrows {
		style := "weight=10"
		if n.inBranch(i) {
			style = `color="#c2410c"`
		}
		fmt.Fprintf(&b, "\tn%d -> n%d [label=%s, %s];\n", a.from, a.to, dotQuote(a.shape), style)
	}
	b.WriteString("}\n")
	return b.String()
}

// dotQuote returns a quoted string of one or more lines.
func dotQuote(lines ...string) string {
	quoted := make([]string, len(lines))
	for i, s := range lines {
		quoted[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
	}
	return `"` + strings.Join(quoted, `\n`) + `"`
}
