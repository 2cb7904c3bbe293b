package diagram

import (
	"cmp"
	"slices"
)

// A branch is boxes one after another beside the main path, with the arrow that leads to the first and one that leads
// away from the last, or -1 where there is none. An arrow that passes other boxes by is a branch of no boxes, both of
// whose arrows it is.
type branch struct {
	boxes      []int // from top to bottom
	fork, join int
}

// assignLanes gives each branch the first lane in which nothing else passes, short ones first: so longer ones go around
// them.
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
	taken := [][]span{{{0, 2 * len(l.rows)}}} // of each lane; the main path takes the first
	for _, i := range order {
		barred := func(o span) bool { return spans[i].begin <= o.end && o.begin <= spans[i].end }
		lane := slices.IndexFunc(taken, func(s []span) bool { return !slices.ContainsFunc(s, barred) })
		if lane < 0 {
			lane, taken = len(taken), append(taken, nil)
		}
		taken[lane] = append(taken[lane], spans[i])
		l.setLane(branches[i], lane)
	}
	l.lanes = make([]lane, len(taken))
	for a := range l.routes {
		l.routes[a].above = l.routes[a].joins && l.barred(a)
	}
}

// branches walks back from each box that is in no branch yet along the longest way to it, the last boxes first.
func (l *layout) branches() []branch {
	var all []branch
	taken := slices.Clone(l.spine) // of boxes
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

// centre moves a branch's boxes down to the middle of the room they have within their ranges, or if nothing leads to
// them, down to where they are read. Branches that read them have moved before.
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

// span is where a branch passes, in half rows: row r is 2r, the gap below 2r+1.
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

// barred says whether boxes stand between an arrow's lane and the side of its last box, or arrows before it in the list
// come into another box of the row there.
func (l *layout) barred(a int) bool {
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
