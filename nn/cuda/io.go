//go:build !nocuda

package cuda

import (
	"errors"

	"resnet/gpu"
	"resnet/nn"
)

// Write implements nn.Executor. Copies of images, labels, step scalars and metrics are queued when it returns;
// parameters and states have arrived.
func (e *executor) Write(r nn.Ref, p []byte) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.write(r, p))
}

func (e *executor) write(r nn.Ref, p []byte) error {
	g := e.graph
	switch r.Value {
	case g.Images:
		if err := e.plan.CheckBatch(r, len(p), g.Elems(g.Images, 1)); err != nil {
			return err
		}
		return e.imageRing.write(e.pixels.Ptr, p)
	case g.Labels:
		if err := e.plan.CheckBatch(r, len(p), 4); err != nil {
			return err
		}
		if err := g.CheckLabels(p); err != nil {
			return err
		}
		return e.labelRing.write(e.labels.Ptr, p)
	case nn.StepParamsValue, nn.MetricsValue:
		b := e.scalars(r)
		if err := e.graph.CheckSize(r, len(p), int(b.Bytes)); err != nil {
			return err
		}
		return e.scalarRing.write(b.Ptr, p)
	}
	s, pm, err := e.plan.ParameterSlot(r)
	if err != nil {
		return err
	}
	n := 4 * pm.Shape.Elems()
	if err := e.graph.CheckSize(r, len(p), n); err != nil {
		return err
	}
	stored := make([]byte, n)
	toDevice(pm, stored, p)
	if r.Role == nn.Data {
		e.dirty = true
	}
	return e.transfer.write(e.slot(s), stored)
}

// Read implements nn.Executor.
func (e *executor) Read(r nn.Ref, p []byte) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.read(r, p))
}

func (e *executor) read(r nn.Ref, p []byte) error {
	switch r.Value {
	case nn.StepParamsValue, nn.MetricsValue:
		b := e.scalars(r)
		if err := e.graph.CheckSize(r, len(p), int(b.Bytes)); err != nil {
			return err
		}
		return e.transfer.read(p, b.Ptr)
	}
	if e.graph.IsActivation(r.Value) {
		return e.readActivation(r, p)
	}
	s, pm, err := e.plan.ParameterSlot(r)
	if err != nil {
		return err
	}
	n := 4 * pm.Shape.Elems()
	if err := e.graph.CheckSize(r, len(p), n); err != nil {
		return err
	}
	stored := make([]byte, n)
	if err := e.transfer.read(stored, e.slot(s)); err != nil {
		return err
	}
	fromDevice(pm, p, stored)
	return nil
}

// toDevice puts a parameter into the order in which the device stores it, that of activations: a convolution's weight
// as O,H,W,I, a linear layer's with its input as H,W,C.
func toDevice(p *nn.Param, stored, canonical []byte) {
	o, c, hw := storedShape(p)
	for i := range o {
		transpose(stored[4*i*c*hw:], canonical[4*i*c*hw:], c, hw)
	}
}

// fromDevice is the reverse of toDevice.
func fromDevice(p *nn.Param, canonical, stored []byte) {
	o, c, hw := storedShape(p)
	for i := range o {
		transpose(canonical[4*i*c*hw:], stored[4*i*c*hw:], hw, c)
	}
}

// storedShape returns a parameter's number of outputs, channels and pixels.
func storedShape(p *nn.Param) (o, c, hw int) {
	if p.Dims == 2 {
		return p.Shape.N, p.Flat.C, p.Flat.H * p.Flat.W
	}
	return p.Shape.N, p.Shape.C, p.Shape.H * p.Shape.W
}

// transpose writes a matrix of 4-byte elements to dst as columns by rows.
func transpose(dst, src []byte, rows, columns int) {
	if rows == 1 || columns == 1 {
		copy(dst[:4*rows*columns], src)
		return
	}
	for r := range rows {
		row := src[4*r*columns : 4*(r+1)*columns]
		for c := range columns {
			copy(dst[4*(c*rows+r):][:4], row[4*c:])
		}
	}
}

// scalars is the memory of the step scalars or the metrics.
func (e *executor) scalars(r nn.Ref) *gpu.Buffer {
	if r.Value == nn.StepParamsValue {
		return e.stepParams
	}
	return e.metrics
}

// readActivation reads an activation or its gradient as float32, whatever the precision.
func (e *executor) readActivation(r nn.Ref, p []byte) error {
	s, err := e.plan.ActivationSlot(e.lastProgram, r, len(p))
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
