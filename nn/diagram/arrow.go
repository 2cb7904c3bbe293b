package diagram

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

type point struct{ x, y float64 }

// corners returns the corners of an arrow, from its first box to its last.
func (l *layout) corners(a int) []point {
	r, from, to := &l.routes[a], l.arrows[a].from, l.arrows[a].to
	x, top := l.lanes[l.lane[from]].x, l.rows[l.row[to]]
	p := []point{{x, l.rows[l.row[from]] + boxHeight}}
	turn := func(gap, track int, x float64) {
		y := l.gaps[gap].track + float64(track)*trackGap
		p = append(p, point{p[len(p)-1].x, y}, point{x, y})
	}
	if l.short(a) {
		turn(l.row[to], r.fork, r.port)
		return append(p, point{r.port, top})
	}
	x = l.lanes[r.lane].x
	if r.forks {
		turn(l.row[from]+1, r.fork, x)
	}
	switch {
	case r.above:
		turn(l.row[to], r.join, r.port)
		x = r.port
	case r.joins:
		end := l.lanes[l.lane[to]]
		y, side := top+r.port, end.x+math.Copysign(end.w/2, x-end.x)
		return append(p, point{x, y}, point{side, y})
	}
	return append(p, point{x, top})
}

// shapeAt returns the position of the text with the shape of an arrow: beside a part of the arrow that shares its lane
// with no other.
func (l *layout) shapeAt(a int) point {
	r, from := &l.routes[a], l.arrows[a].from
	g := &l.gaps[l.row[from]+1]
	switch {
	case l.short(a):
		return point{r.port + shapeLeft, g.forked}
	case r.forks:
		return point{l.lanes[r.lane].x + shapeLeft, g.forked}
	}
	return point{l.lanes[l.lane[from]].x + shapeLeft, g.shapes}
}

func (l *layout) writeArrow(b *strings.Builder, a int) {
	class := "spine"
	if l.inBranch(a) {
		class = "branch"
	}
	p, forked := l.corners(a), l.forked(a)
	if forked {
		p = p[1:]
	}
	fmt.Fprintf(b, "<g class=%q>\n<path class=\"line\" d=\"%s\"/>\n<path class=\"tip\" d=\"%s\"/>\n",
		class, rounded(p), tip(p))
	if forked {
		fmt.Fprintf(b, "<circle class=\"tip\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", p[0].x, p[0].y)
	}
	at := l.shapeAt(a)
	write(b, "small", at.x, at.y, l.arrows[a].shape)
	b.WriteString("</g>\n")
}

// forked reports whether an arrow branches off another one, which goes straight down from the same box.
func (l *layout) forked(a int) bool {
	goesDown := func(o int) bool { return !l.routes[o].forks }
	return l.routes[a].forks && slices.ContainsFunc(l.out[l.arrows[a].from], goesDown)
}

// rounded returns an SVG path through points, with round corners, that ends where the tip begins.
func rounded(p []point) string {
	const radius = 8
	var b strings.Builder
	fmt.Fprintf(&b, "M%.1f %.1f", p[0].x, p[0].y)
	for i := 1; i < len(p)-1; i++ {
		before, after := toward(p[i], p[i-1], radius), toward(p[i], p[i+1], radius)
		fmt.Fprintf(&b, "L%.1f %.1fQ%.1f %.1f %.1f %.1f", before.x, before.y, p[i].x, p[i].y, after.x, after.y)
	}
	end := toward(p[len(p)-1], p[len(p)-2], tipLength)
	fmt.Fprintf(&b, "L%.1f %.1f", end.x, end.y)
	return b.String()
}

// toward returns the point at a distance from p in the direction of q, at most half way.
func toward(p, q point, distance float64) point {
	part := min(0.5, distance/math.Hypot(q.x-p.x, q.y-p.y))
	return point{p.x + part*(q.x-p.x), p.y + part*(q.y-p.y)}
}

const tipLength, tipHalf = 7, 3.5

// tip returns the SVG path of a triangle at the end of an arrow.
func tip(p []point) string {
	end := p[len(p)-1]
	base := toward(end, p[len(p)-2], tipLength)
	dx, dy := (end.x-base.x)/tipLength*tipHalf, (end.y-base.y)/tipLength*tipHalf
	return fmt.Sprintf("M%.1f %.1fL%.1f %.1fL%.1f %.1fZ", end.x, end.y, base.x-dy, base.y+dx, base.x+dy, base.y-dx)
}
