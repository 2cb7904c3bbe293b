package cpu

import "resnet/nn"

func init() { register(bindConv) }

// bindConv returns the stages of a convolution.
//
//	forward   y = x * w (+ bias), image by image
//	backward  prepare: w flipped and transposed for the data gradient
//	          dx (+)= dy * flipped w, image by image
//	          dw = Σ_images xᵀ dy, one block of dw per task, over all images
//
// 3x3 convolutions use Winograd's algorithm for all of these but the forward pass in training.
func bindConv(c *binding, op nn.Conv) kernel {
	x, y := c.in(0), c.out()
	winograd := winogradFits(op, c.graph.Type(c.node.In[0]).Shape, c.graph.Type(c.node.Out).Shape)
	if !c.training() {
		if winograd {
			return kernel{forward: bindWinogradForward(c, op)}
		}
		return kernel{forward: []stage{bindConvForward(c, op)}}
	}
	k := kernel{forward: []stage{bindConvForward(c, op)}}
	dx := c.dx(0)
	if winograd {
		if dx != nil {
			k.backward = bindWinogradDataGrad(c, op, x, dx)
		}
		k.backward = append(k.backward, bindWinogradGrad(c, op, x))
		return k
	}
	pass := forwardPass(c.k, op, x.layout, y.layout)
	if dx != nil {
		k.backward = bindDataGrad(c, op, pass.weight, dx)
	}
	k.backward = append(k.backward, bindWeightGrad(c, op, pass, x))
	return k
}

func bindConvForward(c *binding, op nn.Conv) stage {
	x, y, w := c.in(0), c.out(), c.param(0)
	pass := forwardPass(c.k, op, x.layout, y.layout)
	finish := finishConv(c, op, y)
	return stage{kind: stageImage, image: func(wk *worker, i int) {
		out := y.image(wk, i)
		pass.run(c.k, wk, x.image(wk, i), w, out, false)
		finish(out)
	}}
}

// finishConv returns the function that adds the bias, if there is one, and clears the padding of y.
func finishConv(c *binding, op nn.Conv, y *view) func(out []float32) {
	if !op.Bias {
		return y.clearPads
	}
	bias := c.param(1)
	count, length := lines(y.layout)
	return func(out []float32) {
		for r := range count {
			c.k.AddRow(y.line(out, r, length), bias, false)
		}
		y.clearPads(out)
	}
}

func bindDataGrad(c *binding, op nn.Conv, weight panels, dx *view) []stage {
	dy, w := c.dy(), c.param(0)
	passes, floats, complete := dataGradPasses(c.k, op, dx.layout, dy.layout)
	flipped := c.alloc(floats)
	type job struct{ pass, tap int }
	var jobs []job
	for i, p := range passes {
		for t := range p.rows.taps * p.cols.taps {
			jobs = append(jobs, job{i, t})
		}
	}
	acc := c.accumulate(0)
	return []stage{
		{kind: stagePrepare, tasks: func(int) int { return len(jobs) }, run: func(_ *worker, t, _ int) {
			passes[jobs[t].pass].pack(op, weight, w, flipped, jobs[t].tap)
		}},
		{kind: stageImage, image: func(wk *worker, i int) {
			out := dx.image(wk, i)
			if !acc && !complete {
				clear(out)
			}
			for p := range passes {
				passes[p].run(c.k, wk, dy.image(wk, i), flipped[passes[p].weightAt:], out, acc)
			}
			if !acc {
				dx.clearPads(out)
			}
		}},
	}
}

// gradRows is the number of rows of dw in one task: these rows of a panel stay in the first-level cache together with
// the parts of x and dy of one image.
const gradRows = 64

// jobFloats is the size of what the list of an op's tasks holds for each, in floats. A list grows with the parameters,
// so it is counted and not made before memory is allocated.
const jobFloats = 32

// bindWeightGrad returns the stage that computes dw and, if there is a bias, db. Each task owns a block of dw and adds
// the images in order, so the result does not depend on which worker runs it.
func bindWeightGrad(c *binding, op nn.Conv, f convPass, x *view) stage {
	dy, dw := c.dy(), c.dparam(0)
	// The same loops as forward, with dy in place of y.
	b0, bRow := dy.origin(), dy.row()
	ny, nx := dy.h, dy.w
	if f.taps == 1 && f.aRow == nx*f.aPixel && dy.packed() && x.packed() {
		ny, nx = 1, ny*nx
	}
	type job struct {
		tap, row, rows int
		panel          panel
	}
	var jobs []job
	if !c.counts(jobFloats * f.taps * len(f.weight.list) * blocks(f.k, gradRows)) {
		for tap := range f.taps {
			for _, pn := range f.weight.list {
				for row := 0; row < f.k; row += gradRows {
					jobs = append(jobs, job{tap, row, min(gradRows, f.k-row), pn})
				}
			}
		}
	}
	bias := bindBiasGrad(c, op, dy)
	tiles := make([][]tile, gradRows+1)
	for n := 1; n <= gradRows; n++ {
		tiles[n] = split(n, c.k.RowsT)
	}
	tasks := func(int) int { return len(jobs) + bias.tasks }
	return stage{kind: stageDeferred, tasks: tasks, run: func(wk *worker, task, n int) {
		if task == len(jobs) {
			bias.run(n)
			return
		}
		j := jobs[task]
		pn := j.panel
		at := f.weight.offset(pn, j.tap*f.k+j.row)
		out := dw[at:]
		if pn.valid < pn.width {
			out = wk.scratch
		}
		for i := range n {
			a := x.image(wk, i)[f.a0+j.tap*f.aTap+j.row:]
			b := dy.image(wk, i)[b0+pn.col:]
			acc := min(i, 1)
			for _, t := range tiles[j.rows] {
				c.k.TileT[pn.wide][t.rows](ny, nx, &a[t.first], f.aPixel, f.aRow, &b[0], dy.c, bRow,
					&out[t.first*pn.width], pn.width, acc)
			}
		}
		if pn.valid < pn.width {
			for r := range j.rows {
				copy(dw[at+r*pn.width:][:pn.valid], wk.scratch[r*pn.width:])
			}
		}
	}}
}

// biasGrad is the task of a bias gradient, or none, beside those of a weight gradient.
type biasGrad struct {
	tasks int
	run   func(n int)
}

// bindBiasGrad computes db[k] = Σ dy[.., k], image by image.
func bindBiasGrad(c *binding, op nn.Conv, dy *view) biasGrad {
	if !op.Bias {
		return biasGrad{}
	}
	db, image := c.dparam(1), make([]float32, op.Out)
	count, length := lines(dy.layout)
	return biasGrad{tasks: 1, run: func(n int) {
		clear(db)
		for i := range n {
			clear(image)
			for r := range count {
				c.k.SumRows(image, dy.line(dy.image(nil, i), r, length))
			}
			c.k.AddScaled(db, 1, image)
		}
	}}
}
