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

// Update is what an optimiser updates, and by what: N parameters P and moments M and V (SGD has V alone) by the
// gradient G, all tensors of float32.
type Update struct {
	P, G, M, V gpu.Ptr
	// StepParams float32[4] are the step scalars, in device memory.
	StepParams gpu.Ptr
	// Decay has a byte for every 16 parameters, 1 where they decay. It is 0 if none do.
	Decay gpu.Ptr
	// Skip is the address of an int32, or 0. If the int32 is not 0, nothing is updated, and Mirror neither.
	Skip   gpu.Ptr
	Mirror Mirror
	N      int
}

// check is the package's check, and refuses mirrors of other than 16-bit types.
func (u *Update) check(kernel string) error {
	if u.Mirror.P != 0 && u.Mirror.T != gpu.Float16 && u.Mirror.T != gpu.BFloat16 {
		return fmt.Errorf("cuda: %s: mirror of type %v, want one of 16 bits", kernel, u.Mirror.T)
	}
	return check(kernel, u.N, u.P, u.G, u.M, u.V, u.Mirror.P)
}

// updateLanes is how many parameters a thread updates at once.
const updateLanes = vectorBytes / 4

// Adam (Kingma and Ba 2015), where parameters do not decay:
//
//	m = Beta1*m + OneMinusBeta1*g
//	v = Beta2*v + OneMinusBeta2*g²
//	p = p - StepParams[0]*m/(sqrt(v) + Eps)
//
// Here and in the optimisers below, each operation is rounded, in the order of the portable kernel in kernels/cpu.
func (k *Kernels) Adam(s *gpu.Stream, u Update, o AdamParams) error {
	if err := u.check("adam"); err != nil || u.N == 0 {
		return err
	}
	return k.launchAdam(s, k.flat(u.N, updateLanes), flatBlock, u.P, u.G, u.M, u.V, u.StepParams, u.Skip, u.Mirror, o,
		u.N)
}

// AdamW (Loshchilov and Hutter 2019) is Adam with decoupled weight decay, and with the bias correction of v as a factor
// of its own:
//
//	p = keep*p - StepParams[0]*m/(StepParams[1]*sqrt(v) + Eps),  keep = StepParams[2] where parameters decay, else 1
func (k *Kernels) AdamW(s *gpu.Stream, u Update, o AdamParams) error {
	if err := u.check("adamw"); err != nil || u.N == 0 {
		return err
	}
	return k.launchAdamw(s, k.flat(u.N, updateLanes), flatBlock, u.P, u.G, u.M, u.V, u.StepParams, u.Decay, u.Skip,
		u.Mirror, o, u.N)
}

// SGD is that of PyTorch with dampening 0; g is not changed:
//
//	d = g + Decay*p where parameters decay, else g
//	v = Momentum*v + d
//	p = p - StepParams[0]*v,  or p - StepParams[0]*(d + Momentum*v) with Nesterov
func (k *Kernels) SGD(s *gpu.Stream, u Update, o SGDParams) error {
	if err := u.check("sgd"); err != nil || u.N == 0 {
		return err
	}
	return k.launchSgd(s, k.flat(u.N, updateLanes), flatBlock, u.P, u.G, u.V, u.StepParams, u.Decay, u.Skip, u.Mirror,
		o, u.N)
}
