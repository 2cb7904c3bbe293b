package cpu

import "resnet/nn"

// bindReLU returns the stages of y = max(x, 0) and dx (+)= dy where y > 0.
func bindReLU(c *binding) kernel {
	x, y := c.in(0), c.out()
	count, length := lines(x.layout, y.layout)
	k := kernel{forward: []stage{{kind: stageImage, image: func(w *worker, i int) {
		from, to := x.image(w, i), y.image(w, i)
		for r := range count {
			c.k.ReLU(y.line(to, r, length), x.line(from, r, length))
		}
		y.clearPads(to)
	}}}}
	if c.training() {
		k.backward = []stage{{kind: stageImage, image: func(w *worker, i int) {
			maskGrad(c, w, i, c.dx(0), c.dy(), y, c.accumulate(0))
		}}}
	}
	return k
}

// maskGrad is dx (+)= dy where y > 0.
func maskGrad(c *binding, w *worker, i int, dx, dy, y *view, acc bool) {
	to, from, mask := dx.image(w, i), dy.image(w, i), y.image(w, i)
	count, length := lines(dx.layout, dy.layout, y.layout)
	for r := range count {
		c.k.ReLUBackward(dx.line(to, r, length), dy.line(from, r, length), y.line(mask, r, length), acc)
	}
	if !acc {
		dx.clearPads(to)
	}
}

// copyGrad is dx (+)= dy.
func copyGrad(c *binding, w *worker, i int, dx, dy *view, acc bool) {
	to, from := dx.image(w, i), dy.image(w, i)
	count, length := lines(dx.layout, dy.layout)
	for r := range count {
		if acc {
			c.k.AddScaled(dx.line(to, r, length), 1, dy.line(from, r, length))
		} else {
			copy(dx.line(to, r, length), dy.line(from, r, length))
		}
	}
	if !acc {
		dx.clearPads(to)
	}
}

// bindAdd returns the stages of y = a + b, with ReLU max(a+b, 0), and da = db = dy under the ReLU's mask. Gradients
// that share memory are written once.
func bindAdd(c *binding, op nn.Add) kernel {
	a, b, y := c.in(0), c.in(1), c.out()
	count, length := lines(a.layout, b.layout, y.layout)
	k := kernel{forward: []stage{{kind: stageImage, image: func(w *worker, i int) {
		p, q, to := a.image(w, i), b.image(w, i), y.image(w, i)
		for r := range count {
			c.k.Add(y.line(to, r, length), a.line(p, r, length), b.line(q, r, length), op.ReLU)
		}
		y.clearPads(to)
	}}}}
	if !c.training() {
		return k
	}
	dy := c.dy()
	type target struct {
		dx  *view
		acc bool
	}
	var targets []target
	for i := range 2 {
		dx := c.dx(i)
		if dx == nil || len(targets) == 1 && same(dx, targets[0].dx) && !c.accumulate(i) {
			continue
		}
		if !op.ReLU && same(dx, dy) {
			continue
		}
		targets = append(targets, target{dx, c.accumulate(i)})
	}
	k.backward = []stage{{kind: stageImage, image: func(w *worker, i int) {
		for _, t := range targets {
			if op.ReLU {
				maskGrad(c, w, i, t.dx, dy, y, t.acc)
			} else {
				copyGrad(c, w, i, t.dx, dy, t.acc)
			}
		}
	}}}
	return k
}

// same says whether two tensors have the same memory.
func same(a, b *view) bool {
	if a.base == nil || b.base == nil {
		return a.base == nil && b.base == nil && a.offset == b.offset
	}
	return &a.base[0] == &b.base[0]
}
