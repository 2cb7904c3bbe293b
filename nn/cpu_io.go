package nn

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Write implements Executor.
func (e *cpuExecutor) Write(r Ref, p []byte) error {
	switch r.Value {
	case e.graph.Images:
		return e.fill(r, e.pixels, p, e.graph.Type(e.graph.Images).Shape.Elems())
	case e.graph.Labels:
		if err := e.fill(r, Bytes(e.labels), p, 4); err != nil {
			return err
		}
		for i, l := range e.labels[:len(p)/4] {
			if l < 0 || int(l) >= e.graph.Classes {
				return fmt.Errorf("nn: cpu: label %d of image %d, want 0 to %d", l, i, e.graph.Classes-1)
			}
		}
		return nil
	case HyperValue:
		return exact(r, Bytes(e.hyper[:]), p)
	case MetricsValue:
		return exact(r, Bytes(e.metrics[:]), p)
	}
	mem, pm, err := e.parameter(r)
	if err != nil {
		return err
	}
	if len(p) != 4*pm.Shape.Elems() {
		return e.sizeError(r, len(p), 4*pm.Shape.Elems())
	}
	e.version++
	e.backend.eachElement(pm, func(c, s int) {
		mem[s] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*c:]))
	})
	return nil
}

// Read implements Executor.
func (e *cpuExecutor) Read(r Ref, p []byte) error {
	switch r.Value {
	case HyperValue:
		return exact(r, p, Bytes(e.hyper[:]))
	case MetricsValue:
		return exact(r, p, Bytes(e.metrics[:]))
	}
	if r.Value >= 0 && int(r.Value) < e.graph.NumValues() && e.graph.Param(r.Value) == nil {
		return e.readActivation(r, p)
	}
	mem, pm, err := e.parameter(r)
	if err != nil {
		return err
	}
	if len(p) != 4*pm.Shape.Elems() {
		return e.sizeError(r, len(p), 4*pm.Shape.Elems())
	}
	e.backend.eachElement(pm, func(c, s int) {
		binary.LittleEndian.PutUint32(p[4*c:], math.Float32bits(mem[s]))
	})
	return nil
}

// fill copies whole images or labels, at most a batch of them.
func (e *cpuExecutor) fill(r Ref, dst, p []byte, each int) error {
	if r.Role != Data || r.Slot != 0 {
		return fmt.Errorf("nn: cpu: %s: role %d slot %d, want the data of slot 0", e.graph.ValueName(r.Value), r.Role, r.Slot)
	}
	if len(p) == 0 || len(p)%each != 0 || len(p) > len(dst) {
		return fmt.Errorf("nn: cpu: %s: %d bytes, want a multiple of %d up to %d", e.graph.ValueName(r.Value), len(p), each, len(dst))
	}
	copy(dst, p)
	return nil
}

func exact(r Ref, dst, src []byte) error {
	if len(dst) != len(src) {
		return fmt.Errorf("nn: cpu: value %d: %d bytes on one side, %d on the other", r.Value, len(dst), len(src))
	}
	copy(dst, src)
	return nil
}

func (e *cpuExecutor) sizeError(r Ref, got, want int) error {
	return fmt.Errorf("nn: cpu: %s: %d bytes, want %d", e.graph.ValueName(r.Value), got, want)
}

// parameter is the memory of a parameter, its gradient or its state.
func (e *cpuExecutor) parameter(r Ref) ([]float32, *Param, error) {
	if r.Value < 0 || int(r.Value) >= e.graph.NumValues() || e.graph.Param(r.Value) == nil {
		return nil, nil, fmt.Errorf("nn: cpu: value %d is no parameter", r.Value)
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
		return nil, nil, fmt.Errorf("nn: cpu: %s: the plan keeps no tensor of role %d for it", e.graph.ValueName(r.Value), r.Role)
	}
	return e.slot(s), e.graph.Param(r.Value), nil
}

// readActivation unpacks images to N, H, W, C. Fewer than a batch may be read.
func (e *cpuExecutor) readActivation(r Ref, p []byte) error {
	name := e.graph.ValueName(r.Value)
	always := r.Role == Data && (r.Value == e.graph.Logits || r.Value == e.graph.Probabilities)
	if e.last == nil || !(always || e.plan.KeepAll) {
		return fmt.Errorf("nn: cpu: %s: only readable after a run of a plan that keeps all tensors", name)
	}
	s := e.last.Data[r.Value]
	if r.Role == Grad {
		s = e.last.Grad[r.Value]
	}
	if s.Bytes == 0 {
		return fmt.Errorf("nn: cpu: %s: the last run has no tensor of role %d for it", name, r.Role)
	}
	shape := e.graph.Type(r.Value).Shape
	each := 4 * shape.Elems()
	if e.graph.Single(r.Value) {
		return exact(r, p, Bytes(e.slot(s)[:shape.Elems()]))
	}
	if len(p) == 0 || len(p)%each != 0 || len(p) > each*e.plan.Batch {
		return e.sizeError(r, len(p), each*e.plan.Batch)
	}
	t := e.view(r.Value, r.Role, s)
	count, length := lines(t.layout)
	for i := range len(p) / each {
		img := t.image(nil, i)
		for y := range count {
			p = p[copy(p, Bytes(t.line(img, y, length))):]
		}
	}
	return nil
}

// int32s reinterprets float32 memory as int32.
func int32s(s []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
