package diagram

import "slices"

// A segment is a part of an arrow that runs sideways in a gap.
type segment struct {
	from        int // the box that the arrow comes from; -1 for the segment before a join
	left, right float64
}

// meets reports whether two segments cannot share a track. Segments from the same box may overlap.
func (s segment) meets(o segment) bool {
	return s.left < o.right+trackGap && o.left < s.right+trackGap && (s.from < 0 || s.from != o.from)
}

// assignTracks gives each segment the first track of its gap on which it meets no other segment.
func (l *layout) assignTracks() {
	tracks := make([][][]segment, len(l.gaps))
	add := func(gap, from int, x0, x1 float64) (track int) {
		s, on := segment{from, min(x0, x1), max(x0, x1)}, &tracks[gap]
		track = slices.IndexFunc(*on, func(others []segment) bool { return !slices.ContainsFunc(others, s.meets) })
		if track < 0 {
			track = len(*on)
			*on = append(*on, nil)
		}
		(*on)[track] = append((*on)[track], s)
		l.gaps[gap].tracks = len(*on)
		return track
	}
	for a := range l.routes {
		r, from, to := &l.routes[a], l.arrows[a].from, l.arrows[a].to
		first, middle := l.lanes[l.lane[from]].x, l.lanes[r.lane].x
		if l.short(a) {
			r.fork = add(l.row[to], from, first, r.port)
			continue
		}
		if r.forks {
			r.fork = add(l.row[from]+1, from, first, middle)
		}
		if r.above {
			r.join = add(l.row[to], -1, middle, r.port)
		}
	}
}

// short reports whether an arrow forks and joins in the same gap, so that it needs no lane.
func (l *layout) short(a int) bool {
	r := &l.routes[a]
	return r.forks && r.above && l.row[l.arrows[a].from]+1 == l.row[l.arrows[a].to]
}
