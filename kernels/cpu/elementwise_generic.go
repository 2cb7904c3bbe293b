package cpu

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
