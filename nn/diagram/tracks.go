package diagram

import "slices"

// A segment is the part of an arrow that runs sideways in a gap.
type segment struct {
	from        int // box that it comes from, or where the arrow joins, -1
	left, right float64
}

// meets says whether two segments cannot share a track. Those of one box may lie on each other.
func (s segment) meets(o segment) bool {
	return s.left < o.right+trackGap && o.left < s.right+trackGap && (s.from < 0 || s.from != o.from)
}

// assignTracks gives each segment the first track of its gap on which it meets no other.
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

// short says whether an arrow forks and joins in one gap, and so needs no lane.
func (l *layout) short(a int) bool {
	r := &l.routes[a]
	return r.forks && r.above && l.row[l.arrows[a].from]+1 == l.row[l.arrows[a].to]
}
