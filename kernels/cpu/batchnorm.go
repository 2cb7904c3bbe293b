package cpu

// Stats adds the sums over rows that batch normalisation takes its mean and variance from:
//
//	sum[j] += Σ_p (x[p,j]-shift[j])    sumsq[j] += Σ_p (x[p,j]-shift[j])²
//
// A shift near the mean keeps the variance exact where it is small beside the mean's square. Each channel is summed
// in several accumulators; over many rows call it in chunks and add these in float64.
func (k *Kernels) Stats(sum, sumsq, x, shift []float32) {
	sameLen("Stats", len(sum), sumsq, shift)
	if rows := rowsOf("Stats", len(x), len(sum)); rows > 0 {
		k.vector.stats(rows, sum, sumsq, x, shift)
	}
}

// ScaleShift is batch normalisation with its statistics folded into two values a channel, and optionally ReLU:
//
//	y[p,j] = x[p,j]*scale[j] + shift[j],  raised to 0 with relu
//
// A NaN stays NaN. y may be x.
func (k *Kernels) ScaleShift(y, x, scale, shift []float32, relu bool) {
	sameLen("ScaleShift", len(x), y)
	sameLen("ScaleShift", len(scale), shift)
	if rows := rowsOf("ScaleShift", len(x), len(scale)); rows > 0 {
		k.vector.scaleShift(rows, y, x, scale, shift, floor(relu))
	}
}

// BatchNormReduce adds the two sums that the gradients of batch normalisation need. With
// g = dy, but 0 where relu and x*scale+shift <= 0 (the value that ScaleShift computed, to the last bit):
//
//	sumDy[j] += Σ_p g[p,j]    sumDyX[j] += Σ_p g[p,j]*(x[p,j]-mean[j])
func (k *Kernels) BatchNormReduce(sumDy, sumDyX, dy, x, mean, scale, shift []float32, relu bool) {
	sameLen("BatchNormReduce", len(x), dy)
	sameLen("BatchNormReduce", len(sumDy), sumDyX, mean, scale, shift)
	if rows := rowsOf("BatchNormReduce", len(x), len(sumDy)); rows > 0 {
		k.vector.batchNormReduce(rows, sumDy, sumDyX, dy, x, mean, scale, shift, floor(relu))
	}
}

// BatchNormBackward is the gradient by the input of batch normalisation, with g as in [Kernels.BatchNormReduce]:
//
//	dx[p,j] = g[p,j]*a[j] + (x[p,j]-mean[j])*b[j] + c[j]  (+ dx[p,j] with acc)
//
// For statistics taken over n rows a = weight*invstd, b = -a*invstd²*sumDyX/n and c = -a*sumDy/n; for fixed ones
// b and c are 0. dx may be dy.
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
