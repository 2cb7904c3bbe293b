//go:build !nocuda

package cuda

import (
	"encoding/binary"
	"fmt"
	"math"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// bindUpdate returns the launches that end a training step. In float16 gradients are divided by the loss scale. Then
// the optimiser updates all parameters in one launch, or none if a gradient overflowed. Gradient mode (no update) only
// divides.
func (e *executor) bindUpdate(update bool) []func() error {
	b := e.backend
	n := int(e.plan.Bytes[nn.Params] / 4)
	var passes []func() error
	var skip gpu.Ptr
	if e.scale != nil {
		skip = kernels.ScaleSkip(e.scale.Ptr)
		passes = append(passes, func() error {
			return b.kernels.Unscale(b.stream, e.segments[nn.ParamGrads].Ptr, e.scale.Ptr, n)
		})
	}
	if !update {
		return passes
	}
	if e.scale != nil {
		passes = append(passes, func() error { return b.kernels.ScaleUpdate(b.stream, e.scale.Ptr) })
	}
	return append(passes, e.updater(skip, n))
}

// updater is the optimiser's launch over the segment of parameters.
func (e *executor) updater(skip gpu.Ptr, n int) func() error {
	k, s := e.backend.kernels, e.backend.stream
	u := kernels.Update{
		P: e.segments[nn.Params].Ptr, G: e.segments[nn.ParamGrads].Ptr, N: n,
		StepParams: e.stepParams.Ptr, Decay: e.decay.Ptr, Skip: skip,
	}
	if e.params16 != nil {
		u.Mirror = kernels.Mirror{P: e.params16.Ptr, T: e.backend.type16()}
	}
	adam := func(b1, b2, eps float64) kernels.AdamParams {
		return kernels.AdamParams{
			Beta1: float32(b1), Beta2: float32(b2), Eps: float32(eps),
			OneMinusBeta1: float32(1 - b1), OneMinusBeta2: float32(1 - b2),
		}
	}
	switch o := e.plan.Optimizer.(type) {
	case nn.Adam:
		u.M, u.V = e.segments[nn.Momenta].Ptr, e.segments[nn.SecondMoments].Ptr
		params := adam(o.Beta1, o.Beta2, o.Eps)
		return func() error { return k.Adam(s, u, params) }
	case nn.AdamW:
		u.M, u.V = e.segments[nn.Momenta].Ptr, e.segments[nn.SecondMoments].Ptr
		params := adam(o.Beta1, o.Beta2, o.Eps)
		return func() error { return k.AdamW(s, u, params) }
	case nn.SGD:
		u.V = e.segments[nn.Momenta].Ptr
		params := kernels.SGDParams{Momentum: float32(o.Momentum), Decay: float32(o.Decay), Nesterov: o.Nesterov}
		return func() error { return k.SGD(s, u, params) }
	}
	panic("nn: cuda: no update for optimiser " + e.plan.Optimizer.Kind())
}

// fillConstants writes the mask of weight decay, which no step changes, and the first loss scale.
func (e *executor) fillConstants() error {
	decay := make([]byte, e.plan.Bytes[nn.Params]/nn.SlotAlign)
	for _, v := range e.graph.Parameters() {
		p := e.graph.Param(v)
		if s := e.plan.Params[v]; p.Trainable && p.Decay {
			for at := s.Offset; at < s.Offset+s.Bytes; at += nn.SlotAlign {
				decay[at/nn.SlotAlign] = 1
			}
		}
	}
	if err := e.transfer.write(e.decay.Ptr, decay); err != nil {
		return err
	}
	return e.resetScale()
}

// resetScale writes the first loss scale, where there is one.
func (e *executor) resetScale() error {
	if e.scale == nil {
		return nil
	}
	return e.transfer.write(e.scale.Ptr, firstScale.bytes())
}

// lossScale is the state of dynamic loss scaling, as checkpoints hold it.
type lossScale kernels.ScaleState

// firstScale is PyTorch's default. It is too large for many networks, but each overflow halves it at the cost of one
// step.
var firstScale = lossScale{Scale: 1 << 16, Inv: 1.0 / (1 << 16)}

// bytes returns the state as it is in device memory.
func (l lossScale) bytes() []byte {
	return nn.Bytes([]int32{int32(math.Float32bits(l.Scale)), int32(math.Float32bits(l.Inv)), l.Found, l.Skip, l.Good})
}

// State implements nn.Async: the loss scale, where there is one.
func (e *executor) State() ([]byte, error) {
	if e.scale == nil {
		return nil, nil
	}
	defer e.backend.device.Enter()()
	p := make([]byte, e.scale.Bytes)
	return p, e.backend.wrap(e.transfer.read(p, e.scale.Ptr))
}

// SetState implements nn.Async.
func (e *executor) SetState(p []byte) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.setState(p))
}

func (e *executor) setState(p []byte) error {
	if e.scale == nil {
		if len(p) != 0 {
			return fmt.Errorf("state of %d bytes, want none at precision %v", len(p), e.backend.config.Precision)
		}
		return nil
	}
	if int64(len(p)) != e.scale.Bytes {
		return fmt.Errorf("state of the loss scale of %d bytes, want %d", len(p), e.scale.Bytes)
	}
	if s := math.Float32frombits(binary.LittleEndian.Uint32(p)); !(s > 0) || math.IsInf(float64(s), 0) {
		return fmt.Errorf("loss scale %g, want above 0", s)
	}
	return e.transfer.write(e.scale.Ptr, p)
}
