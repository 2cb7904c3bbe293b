package nntest

import (
	"encoding/binary"
	"fmt"
	"math"

	"resnet/nn"
)

// Float64s is a tensor's memory, canonical layout, in full precision: reading and writing it are Read and Write without
// a rounding to float32. It is nil for images, labels and what the plan does not have.
func (e *ReferenceExecutor) Float64s(r nn.Ref) []float64 {
	if r.Value < 0 || int(r.Value) >= e.graph.NumValues() || int(r.Role) >= len(e.tensors) {
		return nil
	}
	return e.tensors[r.Role][r.Value]
}

// Write implements nn.Executor.
func (e *ReferenceExecutor) Write(r nn.Ref, p []byte) error {
	switch r.Value {
	case e.graph.Images:
		return e.fill(r, e.pixels, p, e.graph.Type(e.graph.Images).Shape.Elems())
	case e.graph.Labels:
		for i := 0; i+4 <= len(p); i += 4 {
			if l := int32(binary.LittleEndian.Uint32(p[i:])); l < 0 || int(l) >= e.graph.Classes {
				return fmt.Errorf("nntest: reference: label %d of image %d, want 0 to %d", l, i/4, e.graph.Classes-1)
			}
		}
		return e.fill(r, nn.Bytes(e.labels), p, 4)
	case nn.StepParamsValue:
		return exact(r, nn.Bytes(e.hyper[:]), p)
	case nn.MetricsValue:
		return exact(r, nn.Bytes(e.metrics[:]), p)
	}
	t := e.Float64s(r)
	if t == nil || e.graph.Param(r.Value) == nil {
		return fmt.Errorf("nntest: reference: value %d, role %d cannot be written", r.Value, r.Role)
	}
	if len(p) != 4*len(t) {
		return e.sizeError(r, len(p), 4*len(t))
	}
	for i := range t {
		t[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:])))
	}
	return nil
}

// Read implements nn.Executor.
func (e *ReferenceExecutor) Read(r nn.Ref, p []byte) error {
	switch r.Value {
	case nn.StepParamsValue:
		return exact(r, p, nn.Bytes(e.hyper[:]))
	case nn.MetricsValue:
		return exact(r, p, nn.Bytes(e.metrics[:]))
	}
	t := e.Float64s(r)
	if t == nil {
		return fmt.Errorf("nntest: reference: value %d, role %d cannot be read", r.Value, r.Role)
	}
	if e.graph.Param(r.Value) == nil {
		if err := e.readable(r); err != nil {
			return err
		}
	}
	each := 4 * e.graph.Elems(r.Value, 1)
	if len(p) == 0 || len(p)%each != 0 || len(p) > 4*len(t) || !e.graph.PerImage(r.Value) && len(p) != each {
		return e.sizeError(r, len(p), 4*len(t))
	}
	for i := range len(p) / 4 {
		bits := math.Float32bits(float32(t[i]))
		if e.graph.Type(r.Value).DType == nn.Int32 {
			bits = uint32(t[i])
		}
		binary.LittleEndian.PutUint32(p[4*i:], bits)
	}
	return nil
}

// readable refuses activations that a backend with planned memory would have overwritten, and those that the last run
// did not compute.
func (e *ReferenceExecutor) readable(r nn.Ref) error {
	g, name := e.graph, e.graph.ValueName(r.Value)
	always := r.Role == nn.Data && (r.Value == g.Logits || r.Value == g.Probabilities)
	if e.last == nil || !always && !e.plan.KeepAll {
		return fmt.Errorf("nntest: reference: %s: only readable after a run of a plan that keeps all tensors", name)
	}
	slots := e.last.Data
	if r.Role == nn.Grad {
		slots = e.last.Grad
	}
	if slots[r.Value].Bytes == 0 {
		return fmt.Errorf("nntest: reference: %s: the last run has no tensor of role %d for it", name, r.Role)
	}
	return nil
}

// fill copies whole images or labels, at most a batch of them.
func (e *ReferenceExecutor) fill(r nn.Ref, dst, p []byte, each int) error {
	if r.Role != nn.Data {
		return fmt.Errorf("nntest: reference: %s: role %d, want the data", e.graph.ValueName(r.Value), r.Role)
	}
	if len(p) == 0 || len(p)%each != 0 || len(p) > len(dst) {
		return fmt.Errorf("nntest: reference: %s: %d bytes, want a multiple of %d up to %d", e.graph.ValueName(r.Value),
			len(p), each, len(dst))
	}
	copy(dst, p)
	return nil
}

func exact(r nn.Ref, dst, src []byte) error {
	if len(dst) != len(src) {
		return fmt.Errorf("nntest: reference: value %d: %d bytes on one side, %d on the other", r.Value, len(dst),
			len(src))
	}
	copy(dst, src)
	return nil
}

func (e *ReferenceExecutor) sizeError(r nn.Ref, got, want int) error {
	return fmt.Errorf("nntest: reference: %s: %d bytes, want %d", e.graph.ValueName(r.Value), got, want)
}
