package diagram

import (
	_ "embed"
	"fmt"
	"html"
	"strings"
)

// style has the colours of the classes, for light and for dark pages.
//
//go:embed style.css
var style string

// svg returns an SVG picture.
func svg(n *network) string {
	l := newLayout(n)
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "+
		"viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\">\n",
		l.w, l.h, l.w, l.h, html.EscapeString(n.name+": "+n.heading()))
	fmt.Fprintf(&b, "<style>\n%s</style>\n<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n", style)
	write(&b, "title", margin, margin+titleSize, n.name)
	write(&b, "small", margin, margin+titleSize+20, n.heading())
	for i := range l.frames {
		l.writeFrame(&b, i)
	}
	for a := range l.arrows {
		l.writeArrow(&b, a)
	}
	for i := range l.boxes {
		l.writeBox(&b, i)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// write writes a line of text that starts at x, or ends there if its class is "end".
func write(b *strings.Builder, class string, x, y float64, text string) {
	fmt.Fprintf(b, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", class, x, y, html.EscapeString(text))
}

func (l *layout) writeFrame(b *strings.Builder, i int) {
	f := &l.frames[i]
	left, right := l.w, 0.0
	reach := func(lane lane) {
		left, right = min(left, lane.x-lane.w/2-frameSide), max(right, lane.x+lane.w/2+frameSide)
	}
	for k := f.first; k <= f.last; k++ {
		reach(l.lanes[l.lane[k]])
		for _, a := range l.in[k] {
			reach(l.lanes[l.routes[a].lane])
		}
	}
	top, bottom := l.gaps[l.first[f.first]].frameBegin, l.gaps[l.last[f.first]+1].frameEnd
	fmt.Fprintf(b, "<rect class=\"frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"12\"/>\n",
		left, top, right-left, bottom-top)
	first := l.lanes[l.lane[f.first]] // the lane of the arrow that enters the frame
	write(b, "block", left+framePad, top+18, elide(f.name, blockSize, first.x-left-2*framePad))
	if f.params > 0 {
		write(b, "small end", right-framePad, top+18, params(f.params))
	}
}

// writeBox draws a box with its description above its name and number of parameters. Its tooltip has all of them in
// full.
func (l *layout) writeBox(b *strings.Builder, i int) {
	box, lane, y := &l.boxes[i], l.lanes[l.lane[i]], l.rows[l.row[i]]
	left, right := lane.x-lane.w/2, lane.x+lane.w/2
	fmt.Fprintf(b, "<g class=\"%s\"><title>%s</title>\n", box.class, html.EscapeString(strings.Join(box.lines(), "\n")))
	fmt.Fprintf(b, "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"7\"/>\n",
		left, y, lane.w, boxHeight)
	write(b, "what", left+boxPad, y+19, elide(box.what, whatSize, maxText))
	write(b, "small", left+boxPad, y+36, elide(box.name, smallSize, maxText))
	if box.params > 0 {
		write(b, "small end", right-boxPad, y+36, params(box.params))
	}
	b.WriteString("</g>\n")
}

// width returns the width that the text of a box needs.
func (b *box) width() float64 {
	name := width(elide(b.name, smallSize, maxText), smallSize)
	if b.params > 0 {
		name += 2*boxPad + width(params(b.params), smallSize)
	}
	return 2*boxPad + max(name, width(elide(b.what, whatSize, maxText), whatSize))
}
