package cpu

import "resnet/nn"

func init() { register(bindLinear) }

// bindLinear returns the stages of a linear layer. The weight is always in column panels (rows in the order of x in
// memory, columns out); no pass repacks it.
//
//	forward   y = x w + bias, one panel of columns per task
//	backward  g = dy under the ReLU's mask, gᵀ and dbias, one panel per task
//	          dxᵀ = w gᵀ, some rows per task; dw = xᵀ g, one block per task
func bindLinear(c *binding, op nn.Linear) kernel {
	l := &linear{binding: c, op: op, x: c.in(0), y: c.out(), w: c.param(0), bias: c.param(1)}
	features := c.graph.Type(c.node.In[0]).Shape.Elems()
	l.panels = newPanels(features, op.Out, c.k.Lanes)
	if c.training() {
		l.dy, l.dx, l.dw, l.db = c.dy(), c.dx(0), c.dparam(0), c.dparam(1)
	}
	count, length := lines(l.x.layout)
	if l.dx != nil {
		count, length = lines(l.x.layout, l.dx.layout)
	}
	for i := range count {
		l.segments = append(l.segments, rowSegment{i * length, length, l.x.origin() + i*l.x.row()})
	}
	tasks := func(n int) int { return len(l.panels.list) * blocks(n, linearBatch) }
	k := kernel{forward: []stage{{kind: stageWhole, tasks: tasks, run: l.forward}}}
	if !c.training() {
		return k
	}
	l.runs = panelRuns(l.panels)
	last := l.panels.list[len(l.panels.list)-1]
	l.outs = last.col + last.width
	l.dyT = c.alloc(blocks(c.batch(), 2*c.k.Lanes) * l.outs * 2 * c.k.Lanes)
	l.g = l.dy.base
	if op.ReLU {
		l.g = c.alloc(c.batch() * l.dy.stride)
	}
	l.db64 = make([]float64, op.Out)
	for _, s := range l.segments {
		for row := 0; row < s.n; row += gradRows {
			l.rows = append(l.rows, rowSegment{s.row + row, min(gradRows, s.n-row), s.at + row})
		}
	}
	if !c.counts(jobFloats * len(l.rows) * len(l.panels.list)) {
		for _, r := range l.rows {
			for _, pn := range l.panels.list {
				l.gradJobs = append(l.gradJobs, linearGradJob{r, pn})
			}
		}
	}
	data := len(l.rows)
	if l.dx == nil {
		data = 0
	}
	k.backward = []stage{
		{kind: stageWhole, tasks: func(int) int { return len(l.panels.list) }, run: l.prepare},
		{kind: stageWhole, tasks: func(int) int { return data + len(l.gradJobs) }, run: func(w *worker, t, n int) {
			if t < data {
				l.dataGrad(w, l.rows[t], n)
			} else {
				l.weightGrad(w, l.gradJobs[t-data], n)
			}
		}},
	}
	return k
}

type linear struct {
	*binding
	op           nn.Linear
	x, y, dy, dx *view
	w, bias      []float32
	dw, db       []float32
	g            []float32 // dy under the ReLU's mask, in a copy because other ops may still read dy
	db64         []float64
	panels       panels
	outs         int          // columns, including those that fill up the last panel
	segments     []rowSegment // the rows of w for each line of x
	rows         []rowSegment // the same in blocks of at most gradRows
	gradJobs     []linearGradJob
	runs         [][]panel
	// dyT is g transposed, in panels of 2*Lanes images: [panel][out][image].
	dyT []float32
}

// rowSegment is n rows of the weight from row on, whose features start at offset at of an image of x.
type rowSegment struct{ row, n, at int }

type linearGradJob struct {
	rowSegment
	panel panel
}

const (
	// linearBatch is the number of images of one forward task.
	linearBatch = 128
	// linearDepth is the number of rows of a panel that are applied to all images of a task before the next rows: 32 KB
	// of weights, which stay in the first-level cache.
	linearDepth = 256
)

// blocks is the number of blocks of the given size that cover n elements.
func blocks(n, size int) int { return (n + size - 1) / size }

func (l *linear) forward(w *worker, task, n int) {
	pn := l.panels.list[task%len(l.panels.list)]
	from := task / len(l.panels.list) * linearBatch
	to := min(from+linearBatch, n)
	acc := 0
	for _, s := range l.segments {
		for d := 0; d < s.n; d += linearDepth {
			depth := min(linearDepth, s.n-d)
			b := &l.w[l.panels.offset(pn, s.row+d)]
			for i := from; i < to; {
				rows := nextTile(to-i, l.k.Rows)
				a := &l.x.base[i*l.x.stride+s.at+d]
				if pn.valid == pn.width {
					l.k.Tile[pn.wide][rows](1, depth, a, l.x.stride, 0, b, pn.width, 0, &l.y.base[l.yAt(i, pn)],
						l.y.stride, acc)
				} else {
					l.k.Tile[pn.wide][rows](1, depth, a, l.x.stride, 0, b, pn.width, 0, &w.scratch[0], pn.width, 0)
					for r := range rows {
						store(l.y.base[l.yAt(i+r, pn):][:pn.valid], w.scratch[r*pn.width:], acc == 1)
					}
				}
				i += rows
			}
			acc = 1
		}
	}
	for i := from; i < to; i++ {
		l.k.AddRow(l.y.base[l.yAt(i, pn):][:pn.valid], l.bias[pn.col:pn.col+pn.valid], l.op.ReLU)
		if pn.col == 0 {
			l.y.clearPads(l.y.image(w, i))
		}
	}
}

// yAt is the offset of a panel of columns in the output of image i.
func (l *linear) yAt(i int, pn panel) int { return i*l.y.stride + l.y.origin() + pn.col }

// nextTile is the size of the next tile when left rows are cut into the fewest tiles of nearly equal size.
func nextTile(left, most int) int { return blocks(left, blocks(left, most)) }

// prepare masks dy in the columns of one panel, computes dbias, and transposes. The first task clears the padding of
// dx.
func (l *linear) prepare(_ *worker, task, n int) {
	pn := l.panels.list[task]
	db := l.db64[pn.col : pn.col+pn.valid]
	clear(db)
	width := 2 * l.k.Lanes
	for i0 := 0; i0 < n; i0 += width {
		t := l.dyT[(i0*l.outs)+pn.col*width:][:pn.width*width]
		clear(t)
		for i := i0; i < min(i0+width, n); i++ {
			g := l.g[i*l.dy.stride+pn.col:][:pn.valid]
			if l.op.ReLU {
				l.k.ReLUBackward(g, l.dy.base[i*l.dy.stride+pn.col:][:pn.valid], l.y.base[l.yAt(i, pn):][:pn.valid],
					false)
			}
			for o, v := range g {
				t[o*width+i-i0] = v
				db[o] += float64(v)
			}
		}
	}
	for o, v := range db {
		l.db[pn.col+o] = float32(v)
	}
	if pn.col == 0 && l.dx != nil && !l.accumulate(0) {
		for i := range n {
			l.dx.clearPads(l.dx.image(nil, i))
		}
	}
}

// dataGrad computes dx of some features for all images, in tiles of dxᵀ, which are transposed when they are stored.
func (l *linear) dataGrad(w *worker, s rowSegment, n int) {
	width := 2 * l.k.Lanes
	add := l.accumulate(0)
	for i0 := 0; i0 < n; i0 += width {
		images := min(width, n-i0)
		dyT := l.dyT[i0*l.outs:]
		for r := 0; r < s.n; {
			rows := nextTile(s.n-r, l.k.Rows)
			acc := 0
			for _, run := range l.runs {
				first := run[0]
				l.k.Tile[1][rows](len(run), first.width, &l.w[l.panels.offset(first, s.row+r)], first.width,
					first.width*l.panels.rows, &dyT[first.col*width], width, first.width*width, &w.scratch[0], width,
					acc)
				acc = 1
			}
			for i := range images {
				out := l.dx.base[(i0+i)*l.dx.stride+l.dxAt(s)+r:][:rows]
				for k := range out {
					v := w.scratch[k*width+i]
					if add {
						v += out[k]
					}
					out[k] = v
				}
			}
			r += rows
		}
	}
}

// dxAt is the offset of a segment's features in an image of dx, whose padding differs from that of x.
func (l *linear) dxAt(s rowSegment) int {
	line := l.x.w * l.x.c
	return l.dx.origin() + s.row/line*l.dx.row() + s.row%line
}

// panelRuns groups panels of equal width; only the last panel may be narrower.
func panelRuns(p panels) [][]panel {
	list := p.list
	last := len(list) - 1
	if list[0].width == list[last].width {
		return [][]panel{list}
	}
	return [][]panel{list[:last], list[last:]}
}

// weightGrad computes one block of dw.
func (l *linear) weightGrad(w *worker, j linearGradJob, n int) {
	pn := j.panel
	at := l.panels.offset(pn, j.row)
	out := l.dw[at:]
	if pn.valid < pn.width {
		out = w.scratch
	}
	for r := 0; r < j.n; {
		rows := nextTile(j.n-r, l.k.RowsT)
		l.k.TileT[pn.wide][rows](1, n, &l.x.base[j.at+r], l.x.stride, 0, &l.g[pn.col], l.dy.stride, 0, &out[r*pn.width],
			pn.width, 0)
		r += rows
	}
	if pn.valid < pn.width {
		for r := range j.n {
			copy(l.dw[at+r*pn.width:][:pn.valid], w.scratch[r*pn.width:])
		}
	}
}
