package cpu

import "resnet/nn"

// layout is how the CPU keeps one image of a tensor: H rows of W pixels of C channels, with zero pixels around them so
// that a convolution needs no bounds and no copy. Counts are float32s.
type layout struct {
	c, h, w int
	pad     nn.Pad
}

// lineFloats is a cache line: images start on one.
const lineFloats = 16

func (l layout) row() int     { return (l.pad.Left + l.w + l.pad.Right) * l.c }
func (l layout) origin() int  { return l.pad.Top*l.row() + l.pad.Left*l.c }
func (l layout) packed() bool { return l.pad == nn.Pad{} }

// image is the distance between two images.
func (l layout) image() int {
	n := (l.pad.Top + l.h + l.pad.Bottom) * l.row()
	return (n + lineFloats - 1) / lineFloats * lineFloats
}

// clearPads zeroes the pixels around the image. The memory is shared with other tensors, so whoever writes an image
// writes its border too.
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

// lines says how to walk images of equal shape together: one line of all pixels where none has padding, else a line per
// row.
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

// layoutOf is the layout of a value or its gradient. A value is padded for the convolutions that read it, the gradient
// of a convolution's output for its data gradient.
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

// AliasGrads: alike are gradients of one shape with one padding.
func (b *backend) AliasGrads(g *nn.Graph, x, y nn.Value) bool {
	return layoutOf(g, x, nn.Grad) == layoutOf(g, y, nn.Grad)
}

// Bytes is the memory of a tensor: parameters lie in column panels, images with the padding that their readers want.
func (b *backend) Bytes(g *nn.Graph, v nn.Value, role nn.Role, batch int) int64 {
	switch {
	case g.Param(v) != nil:
		return 4 * int64(b.paramFloats(g.Param(v)))
	case !g.PerImage(v):
		return 4 * int64(g.Type(v).Shape.Elems())
	default:
		return 4 * int64(batch*layoutOf(g, v, role).image())
	}
}
