package diagram

import (
	"fmt"
	"io"

	"resnet/nn"
)

// The formats.
const (
	DOT     = "dot"     // Graphviz
	Mermaid = "mermaid" // a flowchart, as Markdown on many sites shows it
	SVG     = "svg"     // a picture
)

// Formats lists the formats that Write knows.
func Formats() []string { return []string{DOT, Mermaid, SVG} }

// Write draws g. The bytes depend on the graph and the format alone.
func Write(w io.Writer, g *nn.Graph, format string) error {
	var draw func(*network) string
	switch format {
	case DOT:
		draw = dot
	case Mermaid:
		draw = mermaid
	case SVG:
		draw = svg
	default:
		return fmt.Errorf("diagram: format %q, want dot, mermaid or svg", format)
	}
	if err := g.Err(); err != nil {
		return fmt.Errorf("diagram: %w", err)
	}
	if len(g.Nodes) == 0 {
		return fmt.Errorf("diagram: %s: a graph of 0 nodes, want at least 1", g.Name)
	}
	_, err := io.WriteString(w, draw(newNetwork(g)))
	return err
}
