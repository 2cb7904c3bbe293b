package diagram

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// mermaid returns a flowchart for Mermaid. Arrows of branches are dotted.
func mermaid(n *network) string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\ntitle: '%s'\n---\nflowchart TB\n", strings.ReplaceAll(n.name+": "+n.heading(), "'", "''"))
	frame := 0
	for i := range n.boxes {
		inside := frame < len(n.frames) && i >= n.frames[frame].first
		if inside && i == n.frames[frame].first {
			fmt.Fprintf(&b, "  subgraph g%d[%s]\n", frame, mermaidQuote(n.frames[frame].line()))
		}
		if inside {
			b.WriteString("  ")
		}
		fmt.Fprintf(&b, "  n%d[%s]:::%s\n", i, mermaidQuote(n.boxes[i].lines()...), n.boxes[i].class)
		if inside && i == n.frames[frame].last {
			b.WriteString("  end\n")
			frame++
		}
	}
	for i, a := range n.arrows {
		line := "-->"
		if n.inBranch(i) {
			line = "-.->"
		}
		fmt.Fprintf(&b, "  n%d %s|%s| n%d\n", a.from, line, mermaidQuote(a.shape), a.to)
	}
	for i := range n.frames {
		fmt.Fprintf(&b, "  style g%d fill:#f6f8fa,stroke:#c3cad2,color:#1b1f24\n", i)
	}
	for _, class := range slices.Sorted(maps.Keys(fill)) {
		fmt.Fprintf(&b, "  classDef %s fill:%s,stroke:#8a94a0,color:#1b1f24\n", class, fill[class])
	}
	return b.String()
}

// mermaidQuote returns a quoted text of one or more lines, in which characters that are special in Mermaid or HTML are
// character references.
func mermaidQuote(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, s := range lines {
		if i > 0 {
			b.WriteString("<br/>")
		}
		for _, r := range s {
			if r < 0x80 && strings.ContainsRune("#&;\"<>`\\*_~$%{}[]|", r) {
				fmt.Fprintf(&b, "#%d;", r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
