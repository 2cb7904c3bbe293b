//go:build !nocuda

package nn

import (
	"errors"

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
		if err := e.plan.checkBatch(r, len(p), g.Elems(g.Images, 1)); err != nil {
			return err
		}
		return e.imagePipe.write(e.pixels.Ptr, p)
	case g.Labels:
		if err := e.plan.checkBatch(r, len(p), 4); err != nil {
			return err
		}
		if err := g.checkLabels(p); err != nil {
			return err
		}
		return e.labelPipe.write(e.labels.Ptr, p)
	case HyperValue, MetricsValue:
		b := e.scalars(r)
		if err := e.graph.exactly(r, len(p), int(b.Bytes)); err != nil {
			return err
		}
		return e.scalarPipe.write(b.Ptr, p)
	}
	s, pm, err := e.plan.parameterSlot(r)
	if err != nil {
		return err
	}
	n := 4 * pm.Shape.Elems()
	if err := e.graph.exactly(r, len(p), n); err != nil {
		return err
	}
	stored := make([]byte, n)
	deviceOrder(pm, func(canonical, at int) { copy(stored[4*at:4*at+4], p[4*canonical:]) })
	return e.transfer.write(e.slot(s), stored)
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
		if err := e.graph.exactly(r, len(p), int(b.Bytes)); err != nil {
			return err
		}
		return e.transfer.read(p, b.Ptr)
	}
	if e.graph.isActivation(r.Value) {
		return e.readActivation(r, p)
	}
	s, pm, err := e.plan.parameterSlot(r)
	if err != nil {
		return err
	}
	n := 4 * pm.Shape.Elems()
	if err := e.graph.exactly(r, len(p), n); err != nil {
		return err
	}
	stored := make([]byte, n)
	if err := e.transfer.read(stored, e.slot(s)); err != nil {
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

// readActivation reads N,H,W,C as float32, whatever the precision.
func (e *cudaExecutor) readActivation(r Ref, p []byte) error {
	s, err := e.plan.activationSlot(e.last, r, len(p))
	if err != nil {
		return err
	}
	t := e.backend.dataType(e.graph, r.Value, r.Role)
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
