//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// AdamParams are the constants of Adam. OneMinusBeta1 and OneMinusBeta2 are separate fields so that they are rounded
// only once, from float64.
type AdamParams struct{ Beta1, Beta2, Eps, OneMinusBeta1, OneMinusBeta2 float32 }

// push adds the fields in the order of the kernels' struct.
func (o AdamParams) push(args *gpu.Args) {
	for _, v := range [...]float32{o.Beta1, o.Beta2, o.Eps, o.OneMinusBeta1, o.OneMinusBeta2} {
		args.Float32(v)
	}
}

// SGDParams are the constants of SGD. Decay is the L2 penalty (weight_decay).
type SGDParams struct {
	Momentum, Decay float32
	Nesterov        bool
}

// push adds the fields in the order of the kernels' struct.
func (o SGDParams) push(args *gpu.Args) {
	args.Float32(o.Momentum)
	args.Float32(o.Decay)
	args.Uint32(flag(o.Nesterov))
}

// Mirror is a copy of the parameters in a 16-bit type, which an update also writes, rounded like [Kernels.Cast]. The
// zero Mirror means none.
type Mirror struct {
	P gpu.Ptr
	T gpu.DataType
}

// push adds the fields in the order of the kernels' struct.
func (m Mirror) push(args *gpu.Args) {
	args.Ptr(m.P)
	args.Uint32(flag(m.T == gpu.BFloat16))
	args.Uint32(0) // padding
}

// checkUpdate is check, and refuses mirrors of other than 16-bit types.
func checkUpdate(kernel string, n int, mirror Mirror, p, g, m, v gpu.Ptr) error {
	if mirror.P != 0 && mirror.T != gpu.Float16 && mirror.T != gpu.BFloat16 {
		return fmt.Errorf("cuda: %s: mirror of type %v, want one of 16 bits", kernel, mirror.T)
	}
	return check(kernel, n, p, g, m, v, mirror.P)
}

// updateLanes is how many parameters a thread updates at once.
const updateLanes = vectorBytes / 4

// Adam (Kingma and Ba 2015) updates n parameters p and moments m and v by the gradient g, all tensors of float32:
//
//	m = Beta1*m + OneMinusBeta1*g
//	v = Beta2*v + OneMinusBeta2*g²
//	p = p - stepParams[0]*m/(sqrt(v) + Eps)
//
// stepParams float32[4] are the step scalars, in device memory. skip is the address of an int32, or 0; if the int32 is
// not 0, nothing is updated, and mirror neither. Here and in the optimisers below, each operation is rounded, in the
// order of the portable kernel in kernels/cpu.
func (k *Kernels) Adam(s *gpu.Stream, p, g, m, v, stepParams, skip gpu.Ptr, mirror Mirror, o AdamParams, n int) error {
	if err := checkUpdate("adam", n, mirror, p, g, m, v); err != nil || n == 0 {
		return err
	}
	return k.launchAdam(s, k.flat(n, updateLanes), flatBlock, p, g, m, v, stepParams, skip, mirror, o, n)
}

// AdamW (Loshchilov and Hutter 2019) is Adam with decoupled weight decay, and with the bias correction of v as a factor
// of its own:
//
//	p = keep*p - stepParams[0]*m/(stepParams[1]*sqrt(v) + Eps),  keep = stepParams[2] where parameters decay, else 1
//
// decay has a byte for every 16 parameters, 1 where they decay. It is 0 if none do.
func (k *Kernels) AdamW(s *gpu.Stream, p, g, m, v, stepParams, decay, skip gpu.Ptr, mirror Mirror,
	o AdamParams, n int) error {
	if err := checkUpdate("adamw", n, mirror, p, g, m, v); err != nil || n == 0 {
		return err
	}
	return k.launchAdamw(s, k.flat(n, updateLanes), flatBlock, p, g, m, v, stepParams, decay, skip, mirror, o, n)
}

// SGD is that of PyTorch with dampening 0; g is not changed:
//
//	d = g + Decay*p where parameters decay, else g
//	v = Momentum*v + d
//	p = p - stepParams[0]*v,  or p - stepParams[0]*(d + Momentum*v) with Nesterov
//
// stepParams, decay, skip and mirror are as for AdamW.
func (k *Kernels) SGD(s *gpu.Stream, p, g, v, stepParams, decay, skip gpu.Ptr, mirror Mirror, o SGDParams,
	n int) error {
	if err := checkUpdate("sgd", n, mirror, p, g, 0, v); err != nil || n == 0 {
		return err
	}
	return k.launchSgd(s, k.flat(n, updateLanes), flatBlock, p, g, v, stepParams, decay, skip, mirror, o, n)
}
