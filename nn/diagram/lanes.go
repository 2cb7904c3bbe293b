package diagram

import (
	"cmp"
	"slices"
)

// A branch is a chain of boxes beside the main path, with the arrow that leads to its first box and one that leads away
// from its last; -1 means none. An arrow that passes other boxes is a branch without boxes, whose fork and join it is.
type branch struct {
	boxes      []int // from top to bottom
	fork, join int
}

// assignLanes gives each branch the first lane that is free along all of its rows, short branches first, so that longer
// ones go around them.
func (l *layout) assignLanes() {
	branches := l.branches()
	for _, b := range branches {
		l.centre(b)
	}
	type span struct{ begin, end int }
	spans := make([]span, len(branches))
	order := make([]int, len(branches))
	for i, b := range branches {
		spans[i].begin, spans[i].end = l.span(b)
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(spans[i].end-spans[i].begin, spans[j].end-spans[j].begin)
	})
	taken := [][]span{{{0, 2 * len(l.rows)}}} // spans of each lane; the main path takes the first lane
	for _, i := range order {
		overlaps := func(o span) bool { return spans[i].begin <= o.end && o.begin <= spans[i].end }
		lane := slices.IndexFunc(taken, func(s []span) bool { return !slices.ContainsFunc(s, overlaps) })
		if lane < 0 {
			lane, taken = len(taken), append(taken, nil)
		}
		taken[lane] = append(taken[lane], spans[i])
		l.setLane(branches[i], lane)
	}
	l.lanes = make([]lane, len(taken))
	for a := range l.routes {
		l.routes[a].above = l.routes[a].joins && l.blocked(a)
	}
}

// branches returns all branches. From each box that is in none yet, last boxes first, it follows the longest path back.
func (l *layout) branches() []branch {
	var all []branch
	taken := slices.Clone(l.spine) // boxes of the main path or of a branch
	joins := make([]bool, len(l.arrows))
	for i := len(l.boxes) - 1; i >= 0; i-- {
		if taken[i] {
			continue
		}
		c := branch{fork: -1, join: -1}
		for b := i; b >= 0 && !taken[b]; b = l.before(b) {
			taken[b] = true
			c.boxes = append(c.boxes, b)
			c.fork = l.main[b]
		}
		slices.Reverse(c.boxes)
		if len(l.out[i]) > 0 {
			c.join = l.out[i][0]
			joins[c.join] = true
		}
		all = append(all, c)
	}
	for a := range l.arrows {
		if l.main[l.arrows[a].to] != a && !joins[a] {
			all = append(all, branch{fork: a, join: a})
		}
	}
	return all
}

// centre moves the boxes of a branch down to the middle of the rows that are free for them, or all the way down if no
// arrow leads to the branch. Branches that read them have been moved already.
func (l *layout) centre(c branch) {
	if len(c.boxes) == 0 || c.join < 0 {
		return
	}
	room := len(l.rows)
	for i, b := range c.boxes {
		room = min(room, l.last[b]-l.row[b])
		for _, a := range l.out[b] {
			if to := l.arrows[a].to; i+1 == len(c.boxes) || to != c.boxes[i+1] {
				room = min(room, l.row[to]-l.row[b]-1)
			}
		}
	}
	if c.fork >= 0 {
		room /= 2
	}
	for _, b := range c.boxes {
		l.row[b] += room
	}
}

// span returns the rows of a branch in half rows: row r is 2r, the gap below it 2r+1.
func (l *layout) span(c branch) (begin, end int) {
	if n := len(c.boxes); n > 0 {
		begin, end = 2*l.row[c.boxes[0]], 2*l.row[c.boxes[n-1]]
	}
	if c.fork >= 0 {
		begin = 2*l.row[l.arrows[c.fork].from] + 1
	}
	if c.join >= 0 {
		end = 2 * l.row[l.arrows[c.join].to]
	}
	return begin, end
}

func (l *layout) setLane(c branch, lane int) {
	for i, b := range c.boxes {
		l.lane[b] = lane
		if i > 0 {
			l.routes[l.main[b]].lane = lane
		}
	}
	if c.fork >= 0 {
		l.routes[c.fork].lane, l.routes[c.fork].forks = lane, true
	}
	if c.join >= 0 {
		l.routes[c.join].lane, l.routes[c.join].joins = lane, true
	}
}

// blocked reports whether the way from an arrow's lane to the side of its last box is taken, by other boxes of the row
// or by earlier arrows that join one of those.
func (l *layout) blocked(a int) bool {
	to := l.arrows[a].to
	left, right := min(l.lane[to], l.routes[a].lane), max(l.lane[to], l.routes[a].lane)
	for b := range l.boxes {
		if l.row[b] == l.row[to] && left < l.lane[b] && l.lane[b] < right {
			return true
		}
	}
	for o := range a {
		r, other := &l.routes[o], l.arrows[o].to
		if r.joins && !r.above && other != to && l.row[other] == l.row[to] &&
			min(l.lane[other], r.lane) < right && left < max(l.lane[other], r.lane) {
			return true
		}
	}
	return false
}
