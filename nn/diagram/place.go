package diagram

import "slices"

// Lengths, in pixels.
const (
	margin    = 28 // around the drawing
	heading   = 88 // height
	boxHeight = 46
	boxPad    = 12 // between a box's side and its text
	frameSide = 18 // between a frame and its boxes
	framePad  = 14 // between a frame's side and its text
	laneGap   = 44
	trackGap  = 11
	shapeLeft = 9 // from an arrow to its shape

	maxText  = 260 // width of a name
	minWidth = 190 // of a box

	titleSize, whatSize, blockSize, smallSize = 20, 13, 12, 11 // of fonts
)

// placeLanes makes a lane as wide as its widest box, and at least twice as wide as its widest shape, which is written
// to the right of the middle.
func (l *layout) placeLanes() {
	for b, box := range l.boxes {
		lane := &l.lanes[l.lane[b]]
		lane.w = max(lane.w, minWidth, box.width())
	}
	for a, r := range l.routes {
		lane := &l.lanes[r.lane]
		lane.w = max(lane.w, 2*(shapeLeft+width(l.arrows[a].shape, smallSize)))
	}
	x := float64(margin + frameSide)
	for i := range l.lanes {
		lane := &l.lanes[i]
		lane.x = x + lane.w/2
		x += lane.w + laneGap
	}
	l.w = max(x-laneGap+frameSide+margin, 2*margin+width(l.name, titleSize), 2*margin+width(l.heading(), whatSize))
}

// placePorts spreads the arrows that join a box over its side, those from nearer lanes higher, and the arrows from
// above over the left half of its top, because shapes are written on the right.
func (l *layout) placePorts() {
	type side struct {
		to    int
		place int // -1 left side, 0 top, 1 right side
	}
	at := map[side][]int{}
	for a, r := range l.routes {
		if !r.joins {
			continue
		}
		s := side{to: l.arrows[a].to}
		switch {
		case r.above:
		case r.lane < l.lane[s.to]:
			s.place = -1
		default:
			s.place = 1
		}
		at[s] = append(at[s], a)
	}
	for s, arrows := range at {
		lane := l.lanes[l.lane[s.to]]
		slices.SortStableFunc(arrows, func(a, b int) int { return s.place * (l.routes[a].lane - l.routes[b].lane) })
		for i, a := range arrows {
			part := float64(i+1) / float64(len(arrows)+1)
			if s.place == 0 {
				l.routes[a].port = lane.x - lane.w/2*(1-part)
			} else {
				l.routes[a].port = part * boxHeight
			}
		}
	}
}

// placeRows stacks the gaps and rows.
func (l *layout) placeRows() {
	y := l.gaps[0].place(heading, false)
	for i := range l.rows {
		l.rows[i] = y
		y = l.gaps[i+1].place(y+boxHeight, i+1 < len(l.rows))
	}
	l.h = y + margin
}

// place lays out the parts of a gap from y on and returns its end. Only a gap between two rows has shapes.
func (g *gap) place(y float64, between bool) float64 {
	if g.ends {
		y += 16
		g.frameEnd = y
	}
	if between {
		g.shapes = y + 18
		y += 24
	}
	if g.begins {
		y += 8
		g.frameBegin = y
		y += 26
	}
	switch {
	case g.tracks > 0:
		g.track = y + 4
		y = g.track + float64(g.tracks-1)*trackGap + 28
		g.forked = y - 10
	case between:
		y += 10
	}
	return y
}
