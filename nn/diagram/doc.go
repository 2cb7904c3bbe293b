// Package diagram draws a network for people:
//
//	err := diagram.Write(file, graph, diagram.SVG)
//
// Each node of the graph is a box that says what it does (kernel, channels, stride), what it is called and how many
// parameters it has, running statistics counted. Arrows carry the shape of one image's tensor, C×H×W. The longest way
// through the network is the main path; what leaves it and joins it again, as a residual block's shortcut, is drawn as
// a branch beside it. Nodes that share the dotted prefix of a block, "blocks.0" or "layer1.2", stand in one frame.
//
// DOT and Mermaid describe the drawing to programs that lay it out. SVG is laid out here, in rows and lanes: see
// layout. It follows the viewer's choice of light or dark and uses the fonts that are there.
package diagram
