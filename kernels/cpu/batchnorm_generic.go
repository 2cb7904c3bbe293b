package cpu

// Converting a product to float32 keeps the compiler from fusing it with the addition that follows. The forward and the
// backward pass must round x*scale+shift alike: it decides where the backward pass sets gradients to 0.

func statsGo(rows int, sum, sumsq, x, shift []float32) {
	c := len(sum)
	sumsq, shift = sumsq[:c], shift[:c]
	// Two rows at a time: fewer passes through the sums, and shorter partial sums.
	for ; rows >= 2; rows -= 2 {
		x0, x1 := x[:c:c], x[c:2*c:2*c]
		for j, v := range x0 {
			v -= shift[j]
			w := x1[j] - shift[j]
			sum[j] += v + w
			sumsq[j] += float32(v*v) + float32(w*w)
		}
		x = x[2*c:]
	}
	if rows == 1 {
		for j, v := range x[:c] {
			v -= shift[j]
			sum[j] += v
			sumsq[j] += float32(v * v)
		}
	}
}

func scaleShiftGo(rows int, y, x, scale, shift []float32, floor float32) {
	c := len(scale)
	shift = shift[:c]
	for range rows {
		x0, y0 := x[:c:c], y[:c:c]
		for j, s := range scale {
			v := float32(x0[j]*s) + shift[j]
			if v < floor {
				v = floor
			}
			y0[j] = v
		}
		x, y = x[c:], y[c:]
	}
}

func batchNormReduceGo(rows int, sumDy, sumDyX, dy, x, mean, scale, shift []float32, floor float32) {
	c := len(sumDy)
	sumDyX, mean, scale, shift = sumDyX[:c], mean[:c], scale[:c], shift[:c]
	for range rows {
		x0, g0 := x[:c:c], dy[:c:c]
		for j, v := range x0 {
			if float32(v*scale[j])+shift[j] <= floor {
				continue
			}
			sumDy[j] += g0[j]
			sumDyX[j] += g0[j] * (v - mean[j])
		}
		x, dy = x[c:], dy[c:]
	}
}

func batchNormBackwardGo(rows int, dx, dy, x, mean, scale, shift, a, b, k []float32, floor float32) {
	batchNormGradGo(rows, dx, dy, x, mean, scale, shift, a, b, k, floor, false)
}

func batchNormBackwardAddGo(rows int, dx, dy, x, mean, scale, shift, a, b, k []float32, floor float32) {
	batchNormGradGo(rows, dx, dy, x, mean, scale, shift, a, b, k, floor, true)
}

func batchNormGradGo(rows int, dx, dy, x, mean, scale, shift, a, b, k []float32, floor float32, acc bool) {
	c := len(mean)
	scale, shift, a, b, k = scale[:c], shift[:c], a[:c], b[:c], k[:c]
	for range rows {
		d0, g0, x0 := dx[:c:c], dy[:c:c], x[:c:c]
		for j, m := range mean {
			g := g0[j]
			if float32(x0[j]*scale[j])+shift[j] <= floor {
				g = 0
			}
			v := g*a[j] + ((x0[j]-m)*b[j] + k[j])
			if acc {
				v += d0[j]
			}
			d0[j] = v
		}
		dx, dy, x = dx[c:], dy[c:], x[c:]
	}
}
