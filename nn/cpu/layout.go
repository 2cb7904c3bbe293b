package cpu

import "resnet/nn"

// layout is that of one image of a tensor: H rows of W pixels of C channels, surrounded by zero pixels so that a
// convolution needs neither bounds checks nor a padded copy. Sizes and offsets count floats.
type layout struct {
	c, h, w int
	pad     nn.Pad
}

// lineFloats is the size of a cache line and of the widest vector; every image starts on one.
const lineFloats = 16

func (l layout) row() int     { return (l.pad.Left + l.w + l.pad.Right) * l.c }
func (l layout) origin() int  { return l.pad.Top*l.row() + l.pad.Left*l.c }
func (l layout) packed() bool { return l.pad == nn.Pad{} }

// image is the distance from one image to the next.
func (l layout) image() int {
	n := (l.pad.Top + l.h + l.pad.Bottom) * l.row()
	return (n + lineFloats - 1) / lineFloats * lineFloats
}

// overhang is the number of floats after the last image that a weight gradient reads of dy: it takes whole vectors of
// channels, and drops what it computes from those that a pixel does not have. Elsewhere the next pixel follows. They
// belong to the tensor because another one there could be written meanwhile.
func (l layout) overhang() int {
	vectors := blocks(l.c, lineFloats) * lineFloats
	lastPixel := l.origin() + (l.h-1)*l.row() + (l.w-1)*l.c
	return max(0, lastPixel+vectors-l.image())
}

// clearPads zeroes the padding of an image. Other tensors share the memory, so every op that writes an image clears its
// padding as well.
func (l layout) clearPads(img []float32) {
	if l.packed() {
		return
	}
	row, left, right := l.row(), l.pad.Left*l.c, l.pad.Right*l.c
	clear(img[:l.pad.Top*row+left])
	for y := range l.h {
		end := (l.pad.Top+y)*row + left + l.w*l.c
		if y == l.h-1 {
			clear(img[end : (l.pad.Top+l.h+l.pad.Bottom)*row])
		} else {
			clear(img[end : end+right+left])
		}
	}
}

// lines says how to iterate over images of equal shape: one line of all pixels if none of them has padding, otherwise
// one line per row.
func lines(ls ...layout) (count, length int) {
	l := ls[0]
	for _, o := range ls {
		if !o.packed() {
			return l.h, l.w * l.c
		}
	}
	return 1, l.h * l.w * l.c
}

// line is line i of an image, of the given length.
func (l layout) line(img []float32, i, length int) []float32 {
	at := l.origin() + i*l.row()
	return img[at : at+length]
}

// layoutOf is the layout of a value or its gradient. A value has the padding of the convolutions that read it; dy of a
// convolution has the padding that its data gradient needs.
func layoutOf(g *nn.Graph, v nn.Value, role nn.Role) layout {
	s := g.Type(v).Shape
	l := layout{c: s.C, h: s.H, w: s.W}
	if role == nn.Grad {
		if i := g.Producer(v); i >= 0 {
			if op, ok := g.Nodes[i].Op.(nn.Conv); ok {
				l.pad = nn.Padding(dataGradPad(op, g.Type(g.Nodes[i].In[0]).Shape, s))
			}
		}
		return l
	}
	for _, i := range g.Consumers(v) {
		if op, ok := g.Nodes[i].Op.(nn.Conv); ok {
			l.pad.Top, l.pad.Left = max(l.pad.Top, op.Pad.Top), max(l.pad.Left, op.Pad.Left)
			l.pad.Bottom, l.pad.Right = max(l.pad.Bottom, op.Pad.Bottom), max(l.pad.Right, op.Pad.Right)
		}
	}
	return l
}

// AliasGrads implements nn.Target: gradients of equal shape and padding can share memory.
func (b *backend) AliasGrads(g *nn.Graph, x, y nn.Value) bool {
	return layoutOf(g, x, nn.Grad) == layoutOf(g, y, nn.Grad)
}

// Bytes implements nn.Target: parameters are stored in column panels, images with their padding.
func (b *backend) Bytes(g *nn.Graph, v nn.Value, role nn.Role, batch int) int64 {
	switch {
	case g.Param(v) != nil:
		return 4 * int64(b.paramFloats(g.Param(v)))
	case !g.PerImage(v):
		return 4 * int64(g.Type(v).Shape.Elems())
	}
	l := layoutOf(g, v, role)
	floats := batch * l.image()
	if role == nn.Grad {
		floats += l.overhang()
	}
	return 4 * int64(floats)
}
