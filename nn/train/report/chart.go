package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// A chart is a figure in the coordinates of its SVG, 480 wide and 270 high.
type chart struct {
	Title   string
	X, Y    []tick
	Curves  []curve
	Points  []dot // values whose neighbours are missing, so that no line shows them
	Best    []dot
	Columns []column
}

// plot is the rectangle that the axes enclose.
var plot = struct{ left, right, top, bottom float64 }{54, 470, 12, 238}

type tick struct {
	At    float64
	Label string
}

type curve struct {
	Color int
	Val   bool // of validation, or the only curve of its run
	Path  string
}

type dot struct {
	X, Y  float64
	Color int
}

// A column is the strip of a chart that belongs to one epoch, with the values to show while the pointer is on it.
type column struct {
	X, Left, Width float64
	Text           string
	Dots           []dot
}

func charts(runs []Run) []chart {
	epochs := 0
	for i := range runs {
		for _, row := range runs[i].Rows {
			epochs = max(epochs, row.Epoch)
		}
	}
	var all []chart
	for i := range figures {
		if c := newChart(&figures[i], runs, epochs); len(c.Columns) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// newChart draws a figure. Values that cannot be drawn leave gaps in the lines.
func newChart(f *figure, runs []Run, epochs int) chart {
	c := chart{Title: f.title}
	all := f.series(runs)
	low, high := math.Inf(1), math.Inf(-1)
	for i := range all {
		for k := range all[i].rows {
			if y, ok := all[i].at(k); ok {
				low, high = min(low, y), max(high, y)
			}
		}
	}
	if low > high {
		return c
	}
	if f.fromZero {
		low = min(low, 0)
	}
	values := newValueAxis(low, high, plot.bottom, plot.top)
	c.Y = values.ticks(f.tick)
	x := epochAxis{epochs}
	c.X = x.ticks()
	columns := map[int]*column{} // by epoch; only those that a run has
	for i := range all {
		c.add(&all[i], f, x, values, columns)
	}
	for _, epoch := range slices.Sorted(maps.Keys(columns)) {
		c.Columns = append(c.Columns, *columns[epoch])
	}
	return c
}

// newColumn is the column of an epoch, without values.
func newColumn(x epochAxis, epoch int) *column {
	at := x.place(epoch)
	return &column{X: at, Left: tenths(at - x.width()/2), Width: tenths(x.width()),
		Text: fmt.Sprintf("Epoch %d", epoch)}
}

// at returns the value of row k, and whether there is one that can be drawn: beyond 1e300 the arithmetic of an axis
// would overflow.
func (s *series) at(k int) (float64, bool) {
	if k < 0 || k >= len(s.rows) {
		return 0, false
	}
	y, ok := s.of(&s.rows[k])
	return y, ok && math.Abs(y) <= 1e300
}

// add draws a series and adds its values to the columns.
func (c *chart) add(s *series, f *figure, x epochAxis, y valueAxis, columns map[int]*column) {
	var path strings.Builder
	for k := range s.rows {
		value, ok := s.at(k)
		if !ok {
			continue
		}
		row := &s.rows[k]
		d := dot{x.place(row.Epoch), y.place(value), s.color}
		col, ok := columns[row.Epoch]
		if !ok {
			col = newColumn(x, row.Epoch)
			columns[row.Epoch] = col
		}
		col.Dots = append(col.Dots, d)
		col.Text += fmt.Sprintf("\n%s: %s", s.name, f.value(value))
		if row == s.best {
			c.Best = append(c.Best, d)
		}
		_, before := s.at(k - 1)
		_, after := s.at(k + 1)
		switch {
		case before:
			fmt.Fprintf(&path, "L%.1f %.1f", d.X, d.Y)
		case after:
			fmt.Fprintf(&path, "M%.1f %.1f", d.X, d.Y)
		default:
			c.Points = append(c.Points, d)
		}
	}
	if path.Len() > 0 {
		c.Curves = append(c.Curves, curve{s.color, s.val, path.String()})
	}
}
