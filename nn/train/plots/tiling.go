package plots

import "math"

// tiling puts things of one size into columns and rows.
type tiling struct {
	columns, rows int
	w, h, gap     float64 // of a tile, between tiles; CSS pixels
	x, y          float64 // of the first
}

// newTiling lays n tiles out below a picture's heading. Without a number of columns it takes one that leaves few places
// empty in a picture about half as wide again as it is high.
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

// size is that of the picture.
func (t *tiling) size() (w, h float64) {
	w = 2*margin + float64(t.columns)*(t.w+t.gap) - t.gap
	return max(w, minWidth), t.y + float64(t.rows)*(t.h+t.gap) - t.gap + margin
}
