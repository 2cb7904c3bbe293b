package nn

import "cmp"

// BatchNorm normalises each channel (Ioffe and Szegedy 2015):
//
//	y = weight * (x - mean) / sqrt(var + Eps) + bias, and with ReLU max(y, 0).
//
// In training mean and (biased) variance are those of the batch over N, H, W, and running = (1-Momentum)*running +
// Momentum*batch, where the running variance uses the unbiased variance of the batch, a factor n/(n-1) larger. In
// inference they are the running ones.
//
// Momentum is PyTorch's: Keras' momentum 0.99 is 0.01 here. Zero values mean PyTorch's defaults, Eps 1e-5 and Momentum
// 0.1; Keras has 1e-3 and 0.01.
type BatchNorm struct {
	Eps, Momentum float64
	ReLU          bool
}

// runningVar is the name of the running variance, which is never negative.
const runningVar = "running_var"

func (BatchNorm) Kind() string { return "batchnorm" }

func (op BatchNorm) Describe([]Type, Type) string { return "batch norm" + describeReLU(op.ReLU) }

// Numerics returns Eps and Momentum, with PyTorch's defaults where they are zero.
func (op BatchNorm) Numerics() (eps, momentum float64) {
	return cmp.Or(op.Eps, 1e-5), cmp.Or(op.Momentum, 0.1)
}

func (op BatchNorm) Infer(in []Type) (Signature, error) {
	c := in[0].Shape.C
	stat := Saved{Type: Type{Shape: Shape{c, 1, 1, 1}}}
	return Signature{
		Out: in[0],
		Params: []Param{
			vector("weight", c, Ones, true), vector("bias", c, Zeros, true),
			vector("running_mean", c, Zeros, false), vector(runningVar, c, Ones, false),
		},
		Saved:  []Saved{stat, stat}, // save_mean, save_invstd
		ReadsX: true, ReadsY: op.ReLU, GradInPlace: true,
	}, nil
}

func (BatchNorm) FLOPs(in []Type) int64 { return 2 * int64(in[0].Shape.Elems()) }
