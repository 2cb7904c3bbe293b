//go:build !nocuda

package nn

import (
	"encoding/binary"
	"errors"
	"fmt"

	"resnet/gpu"
)

// Write implements Executor. Images, labels and step scalars are on their way
// when it returns; everything else has arrived.
func (e *cudaExecutor) Write(r Ref, p []byte) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.write(r, p))
}

func (e *cudaExecutor) write(r Ref, p []byte) error {
	g := e.graph
	switch r.Value {
	case g.Images:
		if err := e.checkBatch(r, len(p), g.Elems(g.Images, 1)); err != nil {
			return err
		}
		return e.imagePipe.write(e.pixels.Ptr, p)
	case g.Labels:
		if err := errors.Join(e.checkBatch(r, len(p), 4), e.checkLabels(p)); err != nil {
			return err
		}
		return e.labelPipe.write(e.labels.Ptr, p)
	case HyperValue, MetricsValue:
		b := e.scalars(r)
		if int64(len(p)) != b.Bytes {
			return e.sizeError(r, len(p), int(b.Bytes))
		}
		return e.scalarPipe.write(b.Ptr, p)
	}
	mem, pm, err := e.parameter(r)
	if err != nil {
		return err
	}
	n := 4 * pm.Shape.Elems()
	if len(p) != n {
		return e.sizeError(r, len(p), n)
	}
	stored := make([]byte, n)
	deviceOrder(pm, func(canonical, at int) { copy(stored[4*at:4*at+4], p[4*canonical:]) })
	return e.transfer.write(mem, stored)
}

// Read implements Executor.
func (e *cudaExecutor) Read(r Ref, p []byte) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.read(r, p))
}

func (e *cudaExecutor) read(r Ref, p []byte) error {
	switch r.Value {
	case HyperValue, MetricsValue:
		b := e.scalars(r)
		if int64(len(p)) != b.Bytes {
			return e.sizeError(r, len(p), int(b.Bytes))
		}
		return e.transfer.read(p, b.Ptr)
	}
	if r.Value >= 0 && int(r.Value) < e.graph.NumValues() && e.graph.Param(r.Value) == nil {
		return e.readActivation(r, p)
	}
	mem, pm, err := e.parameter(r)
	if err != nil {
		return err
	}
	n := 4 * pm.Shape.Elems()
	if len(p) != n {
		return e.sizeError(r, len(p), n)
	}
	stored := make([]byte, n)
	if err := e.transfer.read(stored, mem); err != nil {
		return err
	}
	deviceOrder(pm, func(canonical, at int) { copy(p[4*canonical:4*canonical+4], stored[4*at:]) })
	return nil
}

// deviceOrder calls f with the canonical and the stored index of every element
// of a parameter. A convolution's weight is stored O,H,W,I, a linear layer's
// with its input in H,W,C order: as the activations that they meet lie.
func deviceOrder(p *Param, f func(canonical, stored int)) {
	s := p.Shape
	if p.Dims == 2 {
		s = Shape{p.Shape.N, p.Flat.C, p.Flat.H, p.Flat.W}
	}
	i := 0
	for o := range s.N {
		for c := range s.C {
			for y := range s.H {
				for x := range s.W {
					f(i, ((o*s.H+y)*s.W+x)*s.C+c)
					i++
				}
			}
		}
	}
}

func (e *cudaExecutor) scalars(r Ref) *gpu.Buffer {
	if r.Value == HyperValue {
		return e.hyper
	}
	return e.metrics
}

// checkBatch refuses what is not one to a batch of whole images or labels.
func (e *cudaExecutor) checkBatch(r Ref, got, each int) error {
	name, most := e.graph.ValueName(r.Value), each*e.plan.Batch
	if r.Role != Data || r.Slot != 0 {
		return fmt.Errorf("%s: role %d slot %d, want the data of slot 0", name, r.Role, r.Slot)
	}
	if got == 0 || got%each != 0 || got > most {
		return fmt.Errorf("%s: %d bytes, want a multiple of %d up to %d", name, got, each, most)
	}
	return nil
}

func (e *cudaExecutor) checkLabels(p []byte) error {
	for i := range len(p) / 4 {
		if l := int32(binary.LittleEndian.Uint32(p[4*i:])); l < 0 || int(l) >= e.graph.Classes {
			return fmt.Errorf("label %d of image %d, want 0 to %d", l, i, e.graph.Classes-1)
		}
	}
	return nil
}

func (e *cudaExecutor) sizeError(r Ref, got, want int) error {
	name := fmt.Sprintf("value %d", r.Value)
	if r.Value >= 0 {
		name = e.graph.ValueName(r.Value)
	}
	return fmt.Errorf("%s: %d bytes, want %d", name, got, want)
}

// parameter is the memory of a parameter, its gradient or its state.
func (e *cudaExecutor) parameter(r Ref) (gpu.Ptr, *Param, error) {
	if r.Value < 0 || int(r.Value) >= e.graph.NumValues() || e.graph.Param(r.Value) == nil {
		return 0, nil, fmt.Errorf("value %d is no parameter", r.Value)
	}
	var s Slot
	switch r.Role {
	case Data:
		s = e.plan.Params[r.Value]
	case Grad:
		s = e.plan.ParamGrads[r.Value]
	case State0, State1:
		s = e.plan.States[r.Role-State0][r.Value]
	}
	if s.Bytes == 0 {
		return 0, nil, fmt.Errorf("%s: the plan keeps no tensor of role %d for it", e.graph.ValueName(r.Value), r.Role)
	}
	return e.slot(s), e.graph.Param(r.Value), nil
}

// readActivation reads N,H,W,C as float32, whatever the precision.
func (e *cudaExecutor) readActivation(r Ref, p []byte) error {
	g := e.graph
	name := g.ValueName(r.Value)
	always := r.Role == Data && (r.Value == g.Logits || r.Value == g.Probabilities)
	if e.last == nil || !(always || e.plan.KeepAll) {
		return fmt.Errorf("%s: only readable after a run of a plan that keeps all tensors", name)
	}
	s := e.last.Data[r.Value]
	if r.Role == Grad {
		s = e.last.Grad[r.Value]
	}
	if s.Bytes == 0 {
		return fmt.Errorf("%s: the last run has no tensor of role %d for it", name, r.Role)
	}
	each, most := 4*g.Elems(r.Value, 1), 4*g.Elems(r.Value, e.plan.Batch)
	if len(p) == 0 || len(p)%each != 0 || len(p) > most {
		return e.sizeError(r, len(p), most)
	}
	t := e.backend.dataType(g, r.Value, r.Role)
	if t == gpu.Float32 {
		return e.transfer.read(p, e.slot(s))
	}
	n := len(p) / 4
	wide, err := e.backend.device.Alloc("a tensor read in float32", int64(len(p)))
	if err != nil {
		return err
	}
	b := e.backend
	return errors.Join(
		b.kernels.Uncast(b.stream, t, wide.Ptr, e.slot(s), n),
		e.transfer.read(p, wide.Ptr),
		wide.Free())
}
