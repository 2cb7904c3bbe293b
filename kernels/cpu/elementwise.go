package cpu

// Add is the junction of a residual block: y = a + b, raised to 0 with relu. A NaN stays NaN. y may be a or b.
func (k *Kernels) Add(y, a, b []float32, relu bool) {
	sameLen("Add", len(y), a, b)
	k.vector.add(y, a, b, floor(relu))
}

// ReLU raises negative values to 0: y = max(x, 0). A NaN stays NaN. y may be x.
func (k *Kernels) ReLU(y, x []float32) {
	sameLen("ReLU", len(y), x)
	k.vector.relu(y, x, 0)
}

// ReLUBackward passes the gradient where the output y was positive: dx = dy, but 0 where y <= 0. It is added to dx
// with acc. A NaN in y lets dy pass, as in PyTorch. dx may be dy.
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
