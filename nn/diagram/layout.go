package diagram

// A layout is a network on a grid. Rows run from top to bottom, and every arrow points down. Lanes run beside each
// other: the main path is lane 0; each branch, and each arrow that passes boxes by, has a lane to itself for as long as
// it runs. Between rows are gaps, in which arrows change lanes and shapes are written. So boxes cannot overlap, and no
// arrow crosses one.
type layout struct {
	*network
	row, lane   []int   // of each box
	first, last []int   // rows of each box's range
	routes      []route // of each arrow

	lanes []lane
	rows  []float64 // the top of their boxes
	gaps  []gap     // gap i is above row i, the last one below all
	w, h  float64
}

// A route says how an arrow runs: straight down a lane if it neither forks nor joins.
type route struct {
	lane  int
	forks bool // it comes from another lane, on a track of the gap below its first box
	joins bool // it goes to another lane, where it comes into its last box from the side
	above bool // or from above, on a track of the gap there: other boxes bar the way to the side

	fork, join int     // tracks
	port       float64 // where it joins: x above, or else how far below the box's top
}

// A lane has a middle, down which arrows run, and a width.
type lane struct{ x, w float64 }

// A gap has, from top to bottom, the end of a frame, shapes of what comes from above, the beginning of a frame, tracks
// in which arrows run sideways, and shapes of what changed lanes there. Of text the place is the base line.
type gap struct {
	ends, begins bool
	tracks       int

	frameEnd, shapes, frameBegin, track, forked float64
}

// newLayout finds lanes before widths, and widths before tracks, whose number makes the heights.
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

// assignRows gives each range a band of rows, one after another; within it a box is one row below the lowest of those
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

// ranges are the frames and, without a name, what stands between them.
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
