package diagram

// A layout places a network on a grid. Rows are numbered from top to bottom, and every arrow points down. Lanes are
// columns: the main path has lane 0, and each branch has a lane that it shares with no other branch of the same rows.
// Between the rows are gaps, in which arrows change lanes and shapes are written. So boxes cannot overlap, and no arrow
// crosses a box.
type layout struct {
	*network
	row, lane   []int   // of each box
	first, last []int   // first and last row of each box's frame, or of the boxes between two frames
	routes      []route // of each arrow

	lanes []lane
	rows  []float64 // y of the top of the boxes
	gaps  []gap     // gap i is above row i, the last one below the last row
	w, h  float64
}

// A route is the path of an arrow: straight down a lane if it neither forks nor joins.
type route struct {
	lane  int
	forks bool // it starts in another lane and changes over on a track of the gap below its first box
	joins bool // it ends in another lane, where it enters its last box from the side
	above bool // or from above, on a track of the gap there, because the way to the side is blocked

	fork, join int     // tracks
	port       float64 // where it joins: x if above, otherwise the distance below the top of the box
}

// A lane has its middle at x, where arrows run, and a width.
type lane struct{ x, w float64 }

// A gap holds, from top to bottom, the end of a frame, the shapes of arrows from above, the beginning of a frame,
// tracks on which arrows run sideways, and the shapes of arrows that changed lanes there. The y of a text is that of
// its baseline.
type gap struct {
	ends, begins bool
	tracks       int

	frameEnd, shapes, frameBegin, track, forked float64
}

// newLayout assigns lanes first, because widths depend on them, then tracks, which depend on the widths, and heights
// last, which depend on the number of tracks.
func newLayout(n *network) *layout {
	ofBoxes := func() []int { return make([]int, len(n.boxes)) }
	l := &layout{network: n, row: ofBoxes(), lane: ofBoxes(), first: ofBoxes(), last: ofBoxes(),
		routes: make([]route, len(n.arrows))}
	l.assignRows()
	l.assignLanes()
	l.placeLanes()
	l.placePorts()
	l.assignTracks()
	l.placeRows()
	return l
}

// assignRows gives each range its own rows, one range after another. In its range a box is one row below the lowest box
// that it reads.
func (l *layout) assignRows() {
	begin, end := 0, 0
	for _, r := range l.ranges() {
		for b := r.first; b <= r.last; b++ {
			l.row[b] = begin
			for _, a := range l.in[b] {
				l.row[b] = max(l.row[b], l.row[l.arrows[a].from]+1)
			}
			end = max(end, l.row[b]+1)
		}
		for b := r.first; b <= r.last; b++ {
			l.first[b], l.last[b] = begin, end-1
		}
		begin = end
	}
	l.rows, l.gaps = make([]float64, end), make([]gap, end+1)
	for _, f := range l.frames {
		l.gaps[l.first[f.first]].begins, l.gaps[l.last[f.first]+1].ends = true, true
	}
}

// ranges returns the frames and, as frames without a name, the boxes between them.
func (n *network) ranges() []frame {
	var all []frame
	next := 0
	for _, f := range n.frames {
		if f.first > next {
			all = append(all, frame{first: next, last: f.first - 1})
		}
		all = append(all, f)
		next = f.last + 1
	}
	if next < len(n.boxes) {
		all = append(all, frame{first: next, last: len(n.boxes) - 1})
	}
	return all
}
