package cpu

import "resnet/nn"

// panels is a matrix of rows x cols cut into column panels, each stored row by row, so that a tile kernel reads its
// columns sequentially. The last panel is filled up with zero columns.
//
// A convolution's weight is such a matrix with rows R*S*C and columns K, a linear layer's with rows H*W*C (the order of
// its input in memory) and columns out. Parameters, gradients and optimiser states are always in this form; Read and
// Write convert from and to PyTorch's.
type panels struct {
	rows, cols int
	list       []panel
}

type panel struct {
	col, width, valid int // first column, columns stored, columns used
	wide              int // index into the kernels' tiles: 0 one vector, 1 two
}

func newPanels(rows, cols, lanes int) panels {
	p := panels{rows: rows, cols: cols}
	for col := 0; col < cols; {
		pn := panel{col: col, width: lanes}
		if cols-col > lanes {
			pn.width, pn.wide = 2*lanes, 1
		}
		pn.valid = min(pn.width, cols-col)
		p.list = append(p.list, pn)
		col += pn.width
	}
	return p
}

// floats is the size of the whole matrix in memory.
func (p panels) floats() int {
	last := p.list[len(p.list)-1]
	return (last.col + last.width) * p.rows
}

// panelFloats is newPanels(rows, cols, lanes).floats() without making the list, which is long for a large matrix: the
// columns fill up whole vectors.
func panelFloats(rows, cols, lanes int) int {
	return blocks(cols, lanes) * lanes * rows
}

// offset is the start of row r of a panel.
func (p panels) offset(pn panel, r int) int { return pn.col*p.rows + r*pn.width }

// at is the offset of element (r, c).
func (p panels) at(r, c int) int {
	pn := p.list[min(c/p.list[0].width, len(p.list)-1)]
	return p.offset(pn, r) + c - pn.col
}

// paramPanels is the matrix of the weight p; ok is false for vectors.
func (b *backend) paramPanels(p *nn.Param) (panels, bool) {
	switch s := p.Shape; p.Dims {
	case 4:
		return newPanels(s.H*s.W*s.C, s.N, b.k.Lanes), true
	case 2:
		return newPanels(s.C, s.N, b.k.Lanes), true
	}
	return panels{}, false
}

// paramFloats is the size of a parameter in memory.
func (b *backend) paramFloats(p *nn.Param) int {
	switch s := p.Shape; p.Dims {
	case 4:
		return panelFloats(s.H*s.W*s.C, s.N, b.k.Lanes)
	case 2:
		return panelFloats(s.C, s.N, b.k.Lanes)
	}
	return p.Shape.Elems()
}

// eachElement calls f with the canonical index and the stored index of every element of a parameter.
func (b *backend) eachElement(p *nn.Param, f func(canonical, stored int)) {
	m, ok := b.paramPanels(p)
	if !ok {
		for i := range p.Shape.Elems() {
			f(i, i)
		}
		return
	}
	// The columns of a linear layer's weight are the elements of the image that it flattens.
	c, h, w := p.Shape.C, p.Shape.H, p.Shape.W
	if p.Dims == 2 {
		c, h, w = p.Flat.C, p.Flat.H, p.Flat.W
	}
	i := 0
	for o := range p.Shape.N {
		for ci := range c {
			for y := range h {
				for x := range w {
					f(i, m.at((y*w+x)*c+ci, o))
					i++
				}
			}
		}
	}
}
