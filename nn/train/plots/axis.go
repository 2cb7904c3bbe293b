package plots

import (
	"math"
	"strconv"
	"strings"

	"resnet/nn/internal/axis"
)

// scale is a linear scale from lo to hi, with its ticks and their labels.
type scale struct {
	lo, hi float64
	ticks  []float64
	labels []string
}

// valueAxis holds lo to hi, widened to whole steps, of which there are at most n+1. If lo and hi are equal but for
// rounding the axis starts or ends at zero; for 0 and 0 it ends at 1.
func valueAxis(lo, hi float64, n int) scale {
	if axis.Flat(lo, hi) {
		lo, hi = min(lo, 0), max(hi, 0)
	}
	if hi-lo < 1e-300 {
		hi = 1
	}
	step := axis.Step(hi-lo, n, 1, 2, 5)
	ticks := axis.Around(lo, hi, step)
	return scale{ticks[0], ticks[len(ticks)-1], ticks, tickLabels(ticks, step)}
}

// epochAxis holds epochs first to last, with ticks at whole numbers only.
func epochAxis(first, last, n int) scale {
	lo, hi := float64(first), float64(last)
	if first == last {
		lo, hi = lo-0.5, hi+0.5
	}
	step := max(1, axis.Step(hi-lo, n, 1, 2, 5))
	ticks := axis.Within(lo, hi, step)
	return scale{lo, hi, ticks, tickLabels(ticks, step)}
}

func tickLabels(ticks []float64, step float64) []string {
	labels := make([]string, len(ticks))
	for i, v := range ticks {
		labels[i] = tickLabel(v, step, max(math.Abs(ticks[0]), math.Abs(ticks[len(ticks)-1])))
	}
	return labels
}

// tickLabel formats v, a multiple of step, with the digits that step needs: 0.02 or 150. Where the largest value on the
// axis is below 1e-3 or from 1e6 on it has an exponent: 5e-5.
func tickLabel(v, step, largest float64) string {
	exponent := int(math.Floor(math.Log10(step) + 1e-9))
	switch {
	case v == 0:
		return "0"
	case largest >= 1e-3 && largest < 1e6:
		return strconv.FormatFloat(v, 'f', max(0, -exponent), 64)
	}
	digits := max(0, int(math.Floor(math.Log10(math.Abs(v))+1e-9))-exponent)
	mantissa, power, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits, 64), "e")
	if digits > 0 {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	n, _ := strconv.Atoi(power) // drops the plus sign and leading zeros
	return mantissa + "e" + strconv.Itoa(n)
}

// panel is one coordinate system in a figure; x, y, w and h are the rectangle that the axes enclose.
type panel struct {
	*figure
	x, y, w, h float64
	xs, ys     scale
}

func (p *panel) at(x, y float64) [2]float64 {
	return [2]float64{
		p.x + p.w*(x-p.xs.lo)/(p.xs.hi-p.xs.lo),
		p.y + p.h*(p.ys.hi-y)/(p.ys.hi-p.ys.lo),
	}
}

// axes draws the grid and its labels, the title above and the name of the x axis below.
func (p *panel) axes(title, below string) {
	p.text(headStyle, left, p.x, p.y-12, title)
	for i, v := range p.ys.ticks {
		at := p.at(p.xs.lo, v)
		p.line(pen{color: grid, width: 1}, at, p.at(p.xs.hi, v))
		p.text(noteStyle, right, at[0]-7, at[1]+noteStyle.middle(), p.ys.labels[i])
	}
	for i, v := range p.xs.ticks {
		at := p.at(v, p.ys.lo)[0]
		p.line(pen{color: muted, width: 1}, [2]float64{at, p.y + p.h}, [2]float64{at, p.y + p.h + 4})
		p.text(noteStyle, centre, at, p.y+p.h+17, p.xs.labels[i])
	}
	p.line(pen{color: muted, width: 1}, [2]float64{p.x, p.y + p.h}, [2]float64{p.x + p.w, p.y + p.h})
	p.text(noteStyle, centre, p.x+p.w/2, p.y+p.h+35, below)
}

// curve draws a line through the points, or a dot if there is only one.
func (p *panel) curve(s pen, points [][2]float64) {
	screen := make([][2]float64, len(points))
	for i, at := range points {
		screen[i] = p.at(at[0], at[1])
	}
	switch len(screen) {
	case 0:
	case 1:
		p.disc(screen[0][0], screen[0][1], 3, s.color)
	default:
		p.line(s, screen...)
	}
}
