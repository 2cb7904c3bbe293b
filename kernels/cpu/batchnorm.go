package cpu

// Stats adds to sum and sumsq the sums over rows from which batch normalisation computes its mean and variance:
//
//	sum[j] += Σ_p (x[p,j]-shift[j])    sumsq[j] += Σ_p (x[p,j]-shift[j])²
//
// A shift near the mean keeps a variance accurate that is small compared with the square of the mean. Sums are float32:
// for many rows, call Stats on chunks of them and add the results in float64.
func (k *Kernels) Stats(sum, sumsq, x, shift []float32) {
	sameLen("Stats", len(sum), sumsq, shift)
	if rows := rowsOf("Stats", len(x), len(sum)); rows > 0 {
		k.vector.stats(rows, sum, sumsq, x, shift)
	}
}

// ScaleShift is batch normalisation with its statistics folded into two values per channel, and optionally ReLU:
//
//	y[p,j] = x[p,j]*scale[j] + shift[j],  with relu max(x[p,j]*scale[j] + shift[j], 0)
//
// A NaN stays NaN. y may be x.
func (k *Kernels) ScaleShift(y, x, scale, shift []float32, relu bool) {
	sameLen("ScaleShift", len(x), y)
	sameLen("ScaleShift", len(scale), shift)
	if rows := rowsOf("ScaleShift", len(x), len(scale)); rows > 0 {
		k.vector.scaleShift(rows, y, x, scale, shift, floor(relu))
	}
}

// BatchNormReduce adds to sumDy and sumDyX the two sums that the gradients of batch normalisation need:
//
//	sumDy[j] += Σ_p g[p,j]    sumDyX[j] += Σ_p g[p,j]*(x[p,j]-mean[j])
//
// Here g is dy, but with relu 0 where x*scale+shift <= 0. That value is the one that [Kernels.ScaleShift] computes, bit
// for bit. Where it is NaN, g is dy.
func (k *Kernels) BatchNormReduce(sumDy, sumDyX, dy, x, mean, scale, shift []float32, relu bool) {
	sameLen("BatchNormReduce", len(x), dy)
	sameLen("BatchNormReduce", len(sumDy), sumDyX, mean, scale, shift)
	if rows := rowsOf("BatchNormReduce", len(x), len(sumDy)); rows > 0 {
		k.vector.batchNormReduce(rows, sumDy, sumDyX, dy, x, mean, scale, shift, floor(relu))
	}
}

// BatchNormBackward is the gradient of batch normalisation with respect to its input, with g as in
// [Kernels.BatchNormReduce]:
//
//	dx[p,j] = g[p,j]*a[j] + (x[p,j]-mean[j])*b[j] + c[j]  (+ dx[p,j] with acc)
//
// With the statistics of a batch of n rows, a = weight*invstd, b = -a*invstd²*sumDyX/n and c = -a*sumDy/n. With running
// statistics, which do not depend on x, b and c are 0. dx may be dy.
func (k *Kernels) BatchNormBackward(dx, dy, x, mean, scale, shift, a, b, c []float32, relu, acc bool) {
	sameLen("BatchNormBackward", len(x), dx, dy)
	sameLen("BatchNormBackward", len(mean), scale, shift, a, b, c)
	rows := rowsOf("BatchNormBackward", len(x), len(mean))
	switch {
	case rows == 0:
	case acc:
		k.vector.batchNormBackwardAdd(rows, dx, dy, x, mean, scale, shift, a, b, c, floor(relu))
	default:
		k.vector.batchNormBackward(rows, dx, dy, x, mean, scale, shift, a, b, c, floor(relu))
	}
}

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
