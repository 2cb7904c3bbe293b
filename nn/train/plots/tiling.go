package plots

import "math"

// tiling arranges tiles of one size in columns and rows.
type tiling struct {
	columns, rows int
	w, h, gap     float64 // size of a tile and gap between tiles, in CSS pixels
	x, y          float64 // top left corner of the first tile
}

// newTiling arranges n tiles below the heading of a picture. If columns is 0 it chooses a number that leaves few places
// empty and makes the picture about 1.5 times as wide as high.
func newTiling(n, columns int, w, h, gap float64) *tiling {
	if columns == 0 {
		best := math.Inf(1)
		wanted := math.Sqrt(1.5 * float64(n) * (h + gap) / (w + gap))
		for c := max(1, int(wanted*0.75)); c <= int(math.Ceil(wanted*1.5)); c++ {
			cost := math.Abs(math.Log(float64(c) / wanted))
			if last := n % c; last != 0 {
				cost += 0.2 + 4*float64(c-last)/float64(n)
			}
			if cost < best {
				best, columns = cost, c
			}
		}
	}
	columns = max(1, min(columns, n))
	return &tiling{columns: columns, rows: (n + columns - 1) / columns, w: w, h: h, gap: gap, x: margin, y: heading + 8}
}

func (t *tiling) at(i int) (x, y float64) {
	return t.x + float64(i%t.columns)*(t.w+t.gap), t.y + float64(i/t.columns)*(t.h+t.gap)
}

// size returns the size of the picture.
func (t *tiling) size() (w, h float64) {
	w = 2*margin + float64(t.columns)*(t.w+t.gap) - t.gap
	return max(w, minWidth), t.y + float64(t.rows)*(t.h+t.gap) - t.gap + margin
}
