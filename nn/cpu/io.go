package cpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"resnet/nn"
)

// Write implements Executor.
func (e *executor) Write(r nn.Ref, p []byte) error { return wrap(e.write(r, p)) }

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("nn: cpu: %w", err)
}

func (e *executor) write(r nn.Ref, p []byte) error {
	g := e.graph
	switch r.Value {
	case g.Images:
		return e.fill(r, e.pixels, p, g.Elems(g.Images, 1))
	case g.Labels:
		if err := g.CheckLabels(p); err != nil {
			return err
		}
		return e.fill(r, nn.Bytes(e.labels), p, 4)
	case nn.StepParamsValue, nn.MetricsValue:
		return e.copyExactly(r, e.scalars(r), p)
	}
	s, pm, err := e.plan.ParameterSlot(r)
	if err != nil {
		return err
	}
	if err := e.graph.CheckSize(r, len(p), 4*pm.Shape.Elems()); err != nil {
		return err
	}
	e.generation++
	mem := e.slot(s)
	e.backend.eachElement(pm, func(c, s int) {
		mem[s] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*c:]))
	})
	return nil
}

// Read implements Executor.
func (e *executor) Read(r nn.Ref, p []byte) error { return wrap(e.read(r, p)) }

func (e *executor) read(r nn.Ref, p []byte) error {
	switch r.Value {
	case nn.StepParamsValue, nn.MetricsValue:
		return e.copyExactly(r, p, e.scalars(r))
	}
	if e.graph.IsActivation(r.Value) {
		return e.readActivation(r, p)
	}
	s, pm, err := e.plan.ParameterSlot(r)
	if err != nil {
		return err
	}
	if err := e.graph.CheckSize(r, len(p), 4*pm.Shape.Elems()); err != nil {
		return err
	}
	mem := e.slot(s)
	e.backend.eachElement(pm, func(c, s int) {
		binary.LittleEndian.PutUint32(p[4*c:], math.Float32bits(mem[s]))
	})
	return nil
}

// scalars is the memory of the step scalars or the metrics.
func (e *executor) scalars(r nn.Ref) []byte {
	if r.Value == nn.StepParamsValue {
		return nn.Bytes(e.stepParams[:])
	}
	return nn.Bytes(e.metrics[:])
}

// fill copies p, whole images or labels of each bytes and at most a batch of them, to dst.
func (e *executor) fill(r nn.Ref, dst, p []byte, each int) error {
	if err := e.plan.CheckBatch(r, len(p), each); err != nil {
		return err
	}
	copy(dst, p)
	return nil
}

func (e *executor) copyExactly(r nn.Ref, dst, src []byte) error {
	if len(dst) != len(src) {
		return fmt.Errorf("value %d: %d bytes on one side, %d on the other", r.Value, len(dst), len(src))
	}
	copy(dst, src)
	return nil
}

// readActivation copies as many images as p holds, without padding, in N, H, W, C order.
func (e *executor) readActivation(r nn.Ref, p []byte) error {
	s, err := e.plan.ActivationSlot(e.last, r, len(p))
	if err != nil {
		return err
	}
	shape := e.graph.Type(r.Value).Shape
	if !e.graph.PerImage(r.Value) {
		return e.copyExactly(r, p, nn.Bytes(e.slot(s)[:shape.Elems()]))
	}
	t := e.view(r.Value, r.Role, s)
	count, length := lines(t.layout)
	for i := range len(p) / (4 * shape.Elems()) {
		img := t.image(nil, i)
		for y := range count {
			p = p[copy(p, nn.Bytes(t.line(img, y, length))):]
		}
	}
	return nil
}

// int32s reinterprets float32 memory as int32.
func int32s(s []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
