package nn

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Write implements Executor.
func (e *cpuExecutor) Write(r Ref, p []byte) error { return wrapCPU(e.write(r, p)) }

func wrapCPU(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("nn: cpu: %w", err)
}

func (e *cpuExecutor) write(r Ref, p []byte) error {
	g := e.graph
	switch r.Value {
	case g.Images:
		return e.fill(r, e.pixels, p, g.Elems(g.Images, 1))
	case g.Labels:
		if err := g.checkLabels(p); err != nil {
			return err
		}
		return e.fill(r, Bytes(e.labels), p, 4)
	case HyperValue, MetricsValue:
		return e.copyExactly(r, e.scalars(r), p)
	}
	s, pm, err := e.plan.parameterSlot(r)
	if err != nil {
		return err
	}
	if err := e.graph.exactly(r, len(p), 4*pm.Shape.Elems()); err != nil {
		return err
	}
	e.version++
	mem := e.slot(s)
	e.backend.eachElement(pm, func(c, s int) {
		mem[s] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*c:]))
	})
	return nil
}

// Read implements Executor.
func (e *cpuExecutor) Read(r Ref, p []byte) error { return wrapCPU(e.read(r, p)) }

func (e *cpuExecutor) read(r Ref, p []byte) error {
	switch r.Value {
	case HyperValue, MetricsValue:
		return e.copyExactly(r, p, e.scalars(r))
	}
	if e.graph.isActivation(r.Value) {
		return e.readActivation(r, p)
	}
	s, pm, err := e.plan.parameterSlot(r)
	if err != nil {
		return err
	}
	if err := e.graph.exactly(r, len(p), 4*pm.Shape.Elems()); err != nil {
		return err
	}
	mem := e.slot(s)
	e.backend.eachElement(pm, func(c, s int) {
		binary.LittleEndian.PutUint32(p[4*c:], math.Float32bits(mem[s]))
	})
	return nil
}

// scalars is the memory of step scalars or metrics.
func (e *cpuExecutor) scalars(r Ref) []byte {
	if r.Value == HyperValue {
		return Bytes(e.hyper[:])
	}
	return Bytes(e.metrics[:])
}

// fill copies whole images or labels, at most a batch of them.
func (e *cpuExecutor) fill(r Ref, dst, p []byte, each int) error {
	if err := e.plan.checkBatch(r, len(p), each); err != nil {
		return err
	}
	copy(dst, p)
	return nil
}

func (e *cpuExecutor) copyExactly(r Ref, dst, src []byte) error {
	if len(dst) != len(src) {
		return fmt.Errorf("value %d: %d bytes on one side, %d on the other", r.Value, len(dst), len(src))
	}
	copy(dst, src)
	return nil
}

// readActivation unpacks images to N, H, W, C. Fewer than a batch may be read.
func (e *cpuExecutor) readActivation(r Ref, p []byte) error {
	s, err := e.plan.activationSlot(e.last, r, len(p))
	if err != nil {
		return err
	}
	shape := e.graph.Type(r.Value).Shape
	if e.graph.Single(r.Value) {
		return e.copyExactly(r, p, Bytes(e.slot(s)[:shape.Elems()]))
	}
	t := e.view(r.Value, r.Role, s)
	count, length := lines(t.layout)
	for i := range len(p) / (4 * shape.Elems()) {
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
