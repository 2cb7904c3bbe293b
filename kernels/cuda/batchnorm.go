//go:build !nocuda

package cuda

import "resnet/gpu"

// BatchNorm are the parameters and statistics of a batch normalisation, float32[c] each.
type BatchNorm struct {
	Weight, Bias, RunningMean, RunningVar gpu.Ptr
	SaveMean, SaveInvstd                  gpu.Ptr // of the batch, from the forward pass for the backward pass
	Eps, Momentum                         float64
}

// BatchNormScratch is the size of the scratch of BatchNormStats and BatchNormReduce in bytes.
func BatchNormScratch(rows, c int) int64 {
	if rows == 0 {
		return 0
	}
	const moments = 16 // bytes: two doubles
	count, _ := chunks(rows, c)
	return int64(count) * int64(c) * moments
}

// BatchNormStats writes the mean and Σ(x-mean)² of each channel and chunk of rows to scratch, where x is rows x c. They
// stay accurate if the mean is thousands of deviations from 0.
func (k *Kernels) BatchNormStats(s *gpu.Stream, t gpu.DataType, x, scratch gpu.Ptr, rows, c int) error {
	if err := check("batchnorm_stats", rows*c, x, scratch); err != nil || rows*c == 0 {
		return err
	}
	grid, block, size := reduction(t, rows, c)
	return k.launchBatchnormStats(s, grid, block, t, x, scratch, rows, c, size)
}

// BatchNormFinish merges the chunks of BatchNormStats, in float64, to the mean and the biased variance over rows:
//
//	save_mean = mean,  save_invstd = 1/sqrt(var+eps)
//	running_mean = (1-momentum)*running_mean + momentum*mean
//	running_var = (1-momentum)*running_var + momentum*var*rows/(rows-1)
//	scale = weight*invstd,  shift = bias - mean*scale
//
// A single row has no unbiased variance: its biased variance, 0, is used. scaleShift is a tensor float32[2c]: scales,
// then shifts.
func (k *Kernels) BatchNormFinish(s *gpu.Stream, n BatchNorm, scaleShift, scratch gpu.Ptr, rows, c int) error {
	if err := check("batchnorm_finish", rows*c, scratch, scaleShift); err != nil || rows*c == 0 {
		return err
	}
	_, size := chunks(rows, c)
	return k.launchBatchnormFinish(s, channelGrid(c), channelBlock, scratch, n.Weight, n.Bias,
		n.RunningMean, n.RunningVar, n.SaveMean, n.SaveInvstd, scaleShift, n.Eps, n.Momentum, rows, c, size)
}

// BatchNormInference computes scale and shift from running statistics: invstd = 1/sqrt(running_var+eps),
// scale = weight*invstd, shift = bias - running_mean*scale. scaleShift is float32[2c].
func (k *Kernels) BatchNormInference(s *gpu.Stream, n BatchNorm, scaleShift gpu.Ptr, c int) error {
	if err := check("batchnorm_inference", c, scaleShift); err != nil || c == 0 {
		return err
	}
	return k.launchBatchnormInference(s, k.flat(c, 1), flatBlock, n.Weight, n.Bias, n.RunningMean, n.RunningVar,
		scaleShift, n.Eps, c)
}

// BatchNormApply is y[r,j] = x[r,j]*scale[j] + shift[j], with relu max(y, 0). A NaN stays NaN. y may be x.
func (k *Kernels) BatchNormApply(s *gpu.Stream, t gpu.DataType, y, x, scaleShift gpu.Ptr, relu bool,
	rows, c int) error {
	if err := check("batchnorm_apply", rows*c, y, x, scaleShift); err != nil || rows*c == 0 {
		return err
	}
	grid, block := k.rows(t, rows, c)
	return k.launchBatchnormApply(s, grid, block, t, y, x, scaleShift, relu, rows, c)
}

// BatchNormGradient is what the backward pass reads: the gradient of the output, input, output, and the batch's mean, a
// tensor float32[c]. With ReLU the normalisation has a ReLU behind it; Y is read only then.
type BatchNormGradient struct {
	DY, X, Y, SaveMean gpu.Ptr
	ReLU               bool
}

// BatchNormReduce writes Σ g and Σ g*(x-mean) of each channel and chunk of rows to scratch, where g = dy, but with ReLU
// 0 where the output y <= 0.
func (k *Kernels) BatchNormReduce(s *gpu.Stream, t gpu.DataType, g BatchNormGradient, scratch gpu.Ptr,
	rows, c int) error {
	if err := check("batchnorm_reduce", rows*c, g.DY, g.X, g.Y, g.SaveMean, scratch); err != nil || rows*c == 0 {
		return err
	}
	grid, block, size := reduction(t, rows, c)
	return k.launchBatchnormReduce(s, grid, block, t, g.DY, g.X, g.Y, g.SaveMean, scratch, g.ReLU, rows, c, size)
}

// BatchNormCoefficients adds up the chunks of BatchNormReduce, in float64:
//
//	dbias = Σ g,  dweight = invstd * Σ g*(x-mean)
//	a = weight*invstd,  b = -a*invstd²*Σ(g*(x-mean))/rows,  k = -a*Σg/rows
//
// dweight and dbias are float32[c]; coefficients is a tensor float32[3c]: a, then b, then k.
func (k *Kernels) BatchNormCoefficients(s *gpu.Stream, n BatchNorm, dweight, dbias, coefficients, scratch gpu.Ptr,
	rows, c int) error {
	if err := check("batchnorm_coefficients", rows*c, scratch, coefficients); err != nil || rows*c == 0 {
		return err
	}
	_, size := chunks(rows, c)
	return k.launchBatchnormCoefficients(s, channelGrid(c), channelBlock, scratch, n.Weight, n.SaveInvstd,
		dweight, dbias, coefficients, rows, c, size)
}

// BatchNormBackward is dx = g*a + (x-mean)*b + k, added to dx with accumulate, with g as in [Kernels.BatchNormReduce]
// and the coefficients of [Kernels.BatchNormCoefficients]. dx may be dy.
func (k *Kernels) BatchNormBackward(s *gpu.Stream, t gpu.DataType, dx gpu.Ptr, g BatchNormGradient,
	coefficients gpu.Ptr, accumulate bool, rows, c int) error {
	err := check("batchnorm_backward", rows*c, dx, g.DY, g.X, g.Y, g.SaveMean, coefficients)
	if err != nil || rows*c == 0 {
		return err
	}
	grid, block := k.rows(t, rows, c)
	return k.launchBatchnormBackward(s, grid, block, t, dx, g.DY, g.X, g.Y, g.SaveMean, coefficients,
		g.ReLU, accumulate, rows, c)
}
