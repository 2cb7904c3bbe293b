package cpu

// Add is the addition that ends a residual block: y = a + b, with relu max(a + b, 0). A NaN stays NaN. y may be a or b.
func (k *Kernels) Add(y, a, b []float32, relu bool) {
	sameLen("Add", len(y), a, b)
	k.vector.add(y, a, b, floor(relu))
}

// ReLU is y = max(x, 0). A NaN stays NaN. y may be x.
func (k *Kernels) ReLU(y, x []float32) {
	sameLen("ReLU", len(y), x)
	k.vector.relu(y, x, 0)
}

// ReLUBackward is the gradient of ReLU, given its output y: dx = dy, but 0 where y <= 0. With acc it is added to dx.
// Where y is NaN, dx is dy, as in PyTorch. dx may be dy.
func (k *Kernels) ReLUBackward(dx, dy, y []float32, acc bool) {
	sameLen("ReLUBackward", len(y), dx, dy)
	if acc {
		k.vector.reluBackwardAdd(dx, dy, y, 0)
	} else {
		k.vector.reluBackward(dx, dy, y, 0)
	}
}

// AddScaled is y += alpha*x.
func (k *Kernels) AddScaled(y []float32, alpha float32, x []float32) {
	sameLen("AddScaled", len(y), x)
	k.vector.addScaled(y, x, alpha)
}

// Scale is y = alpha*x. y may be x.
func (k *Kernels) Scale(y []float32, alpha float32, x []float32) {
	sameLen("Scale", len(y), x)
	k.vector.scale(y, x, alpha)
}

// Max is y = max(y, x), as for max pooling. A NaN in either gives NaN.
func (k *Kernels) Max(y, x []float32) {
	sameLen("Max", len(y), x)
	k.vector.max(y, x)
}

func addGo(y, a, b []float32, floor float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i, v := range a {
		v += b[i]
		if v < floor {
			v = floor
		}
		y[i] = v
	}
}

func reluGo(y, x []float32, floor float32) {
	x = x[:len(y)]
	for i, v := range x {
		if v < floor {
			v = floor
		}
		y[i] = v
	}
}

func reluBackwardGo(dx, dy, y []float32, floor float32) {
	dx, dy = dx[:len(y)], dy[:len(y)]
	for i, v := range y {
		g := dy[i]
		if v <= floor {
			g = 0
		}
		dx[i] = g
	}
}

func reluBackwardAddGo(dx, dy, y []float32, floor float32) {
	dx, dy = dx[:len(y)], dy[:len(y)]
	for i, v := range y {
		if v <= floor {
			continue
		}
		dx[i] += dy[i]
	}
}

func addScaledGo(y, x []float32, alpha float32) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] += alpha * v
	}
}

func scaleGo(y, x []float32, alpha float32) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] = alpha * v
	}
}

func maxGo(y, x []float32) {
	x = x[:len(y)]
	for i, v := range x {
		if v > y[i] || v != v {
			y[i] = v
		}
	}
}
