package cpu

import "resnet/nn"

// window is the part of a pooling window within the image: rows y0 to y1-1, columns x0 to x1-1.
type window struct{ y0, y1, x0, x1 int }

// windows lists the windows of a pooling op, in output order.
func (c *binding) windows(x, y layout, kernel, stride int, pad nn.Pad) []window {
	const floats = 8 // of a window
	if c.counts(floats * y.h * y.w) {
		return nil
	}
	if stride == 0 {
		stride = kernel
	}
	ws := make([]window, 0, y.h*y.w)
	for oy := range y.h {
		for ox := range y.w {
			top, left := oy*stride-pad.Top, ox*stride-pad.Left
			ws = append(ws, window{max(top, 0), min(top+kernel, x.h), max(left, 0), min(left+kernel, x.w)})
		}
	}
	return ws
}

// pixel is the channels of one pixel.
func (l layout) pixel(img []float32, y, x int) []float32 {
	at := l.origin() + y*l.row() + x*l.c
	return img[at : at+l.c]
}

func init() {
	register(bindAvgPool)
	register(bindGlobalAvgPool)
	register(bindMaxPool)
}

func bindAvgPool(c *binding, op nn.AvgPool) kernel {
	x, y := c.in(0), c.out()
	ws := c.windows(x.layout, y.layout, op.Kernel, op.Stride, op.Pad)
	return meanPool(c, x, y, ws, 1/float32(op.Kernel*op.Kernel))
}

func bindGlobalAvgPool(c *binding, _ nn.GlobalAvgPool) kernel {
	x, y := c.in(0), c.out()
	return meanPool(c, x, y, []window{{0, x.h, 0, x.w}}, 1/float32(x.h*x.w))
}

// meanPool is y = scale * Σ x over each window; backward adds scale * dy to every pixel of the window.
func meanPool(c *binding, x, y *view, ws []window, scale float32) kernel {
	k := kernel{forward: []stage{{kind: stageImage, image: func(w *worker, i int) {
		from, to := x.image(w, i), y.image(w, i)
		for o, win := range ws {
			out := y.pixel(to, o/y.w, o%y.w)
			clear(out)
			for r := win.y0; r < win.y1; r++ {
				c.k.SumRows(out, x.span(from, r, win.x0, win.x1))
			}
			c.k.Scale(out, scale, out)
		}
		y.clearPads(to)
	}}}}
	if !c.training() {
		return k
	}
	dx, dy, acc := c.dx(0), c.dy(), c.accumulate(0)
	k.backward = []stage{{kind: stageImage, image: func(w *worker, i int) {
		to, from := dx.image(w, i), dy.image(w, i)
		if !acc {
			clear(to)
		}
		for o, win := range ws {
			g := dy.pixel(from, o/dy.w, o%dy.w)
			for r := win.y0; r < win.y1; r++ {
				for s := win.x0; s < win.x1; s++ {
					c.k.AddScaled(dx.pixel(to, r, s), scale, g)
				}
			}
		}
	}}}
	return k
}

// span is pixels x0 to x1-1 of a row.
func (l layout) span(img []float32, y, x0, x1 int) []float32 {
	at := l.origin() + y*l.row() + x0*l.c
	return img[at : at+(x1-x0)*l.c]
}

// bindMaxPool returns the stages of max pooling. Forward saves the index of the largest pixel of each window.
func bindMaxPool(c *binding, op nn.MaxPool) kernel {
	x, y := c.in(0), c.out()
	ws := c.windows(x.layout, y.layout, op.Kernel, op.Stride, op.Pad)
	var index *view
	if c.training() {
		index = c.saved(0)
	}
	k := kernel{forward: []stage{{kind: stageImage, image: func(w *worker, i int) {
		from, to := x.image(w, i), y.image(w, i)
		for o, win := range ws {
			out := y.pixel(to, o/y.w, o%y.w)
			copy(out, x.pixel(from, win.y0, win.x0))
			var at []int32
			if index != nil {
				at = int32s(index.pixel(index.image(w, i), o/y.w, o%y.w))
			}
			maxWindow(x, from, win, out, at)
		}
		y.clearPads(to)
	}}}}
	if !c.training() {
		return k
	}
	dx, dy, acc := c.dx(0), c.dy(), c.accumulate(0)
	k.backward = []stage{{kind: stageImage, image: func(w *worker, i int) {
		to, from := dx.image(w, i), dy.image(w, i)
		if !acc {
			clear(to)
		}
		for o, win := range ws {
			at := int32s(index.pixel(index.image(w, i), o/y.w, o%y.w))
			width := win.x1 - win.x0
			for ch, g := range dy.pixel(from, o/dy.w, o%dy.w) {
				p := int(at[ch])
				dx.pixel(to, win.y0+p/width, win.x0+p%width)[ch] += g
			}
		}
	}}}
	return k
}

// maxWindow replaces out, the first pixel of a window, by the largest value of each channel, and at, if not nil, by its
// index in the window. A NaN counts as the largest.
func maxWindow(x *view, img []float32, win window, out []float32, at []int32) {
	clear(at)
	p := int32(0)
	for r := win.y0; r < win.y1; r++ {
		for s := win.x0; s < win.x1; s++ {
			for ch, v := range x.pixel(img, r, s) {
				if v > out[ch] || v != v {
					out[ch] = v
					if at != nil {
						at[ch] = p
					}
				}
			}
			p++
		}
	}
}
