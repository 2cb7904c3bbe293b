// Package diagram draws a network for people:
//
//	err := diagram.Write(file, graph, diagram.SVG)
//
// Each node of the graph is a box with a description (kernel, channels, stride), its name and its number of parameters,
// running statistics included. Arrows are labelled with the shape of the tensor of one image, C×H×W. The longest path
// through the network is the main path; other paths, such as the shortcut of a residual block, are branches beside it.
// Nodes whose names share the prefix of a block, "blocks.0" or "layer1.2", are in one frame.
//
// DOT and Mermaid files are laid out by the programs that read them. SVG is laid out here, in rows and lanes: see
// layout. It follows the viewer's choice of light or dark and uses the viewer's fonts.
package diagram
