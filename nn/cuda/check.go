//go:build !nocuda

package cuda

import (
	"encoding/binary"
	"fmt"

	"resnet/gpu"
	"resnet/nn"
)

// checker looks behind every step: tensors that it wrote must be finite, and
// the guard zones behind them untouched. In float16 gradients may overflow: that
// is how the loss scale finds its size.
type checker struct {
	counts *gpu.Buffer // int32: values that are not finite, guard words that changed
}

// guardWord is what guard zones are filled with: a NaN, so that reading one
// shows as well.
const guardWord = 0x7fc0dead

func (e *executor) makeChecker() error {
	e.checks = &checker{}
	return e.alloc(&e.checks.counts, "counts of check mode", 8)
}

// writtenTensor is a tensor that a step writes.
type outputTensor struct {
	tensorPtr
	slot     nn.Slot
	name     string
	gradient bool
}

// written lists what a step writes.
func (p *program) outputs(index int) (list []outputTensor) {
	if index < 0 || p.Instructions[index].Phase == nn.Update {
		return nil
	}
	e, g, s := p.exec, p.exec.graph, p.Instructions[index]
	n := &g.Nodes[s.Node]
	c := &binding{executor: e, prog: p, node: n, n: p.n}
	add := func(v nn.Value, role nn.Role, slot nn.Slot) {
		if slot.Bytes == 0 {
			return
		}
		name := g.ValueName(v)
		if role == nn.Grad {
			name = "gradient of " + name
		}
		list = append(list, outputTensor{c.tensor(v, role, slot), slot, name, role == nn.Grad})
	}
	if s.Phase == nn.Forward {
		add(n.Out, nn.Data, p.Data[n.Out])
		for _, v := range n.Saved {
			if p.Mode != nn.Eval && g.Type(v).DType == nn.Float32 {
				add(v, nn.Data, p.Data[v])
			}
		}
		return list
	}
	for _, v := range n.In {
		add(v, nn.Grad, p.Grad[v])
	}
	for _, v := range n.Params {
		add(v, nn.Grad, e.plan.ParamGrads[v])
	}
	return list
}

// checked runs the steps one by one and stops at the first that is at fault.
func (p *program) runChecked() error {
	p.warm = true
	for i, s := range p.tasks {
		tensors := p.outputs(s.instruction)
		last := i+1 == len(p.tasks) || p.tasks[i+1].instruction != s.instruction
		for _, w := range tensors {
			if err := p.exec.fillGuard(w); err != nil {
				return p.taskError(s, err)
			}
		}
		if err := s.run(); err != nil {
			return p.taskError(s, err)
		}
		if !last {
			continue
		}
		for _, w := range tensors {
			if err := p.exec.inspect(w); err != nil {
				return p.taskError(s, err)
			}
		}
	}
	return nil
}

// guardZone is what lies behind a tensor's last element in its slot.
func (w outputTensor) guardZone() (at gpu.Ptr, bytes int64) {
	if w.slot.Segment != nn.Activations {
		return 0, 0
	}
	from := (w.bytes() + 3) / 4 * 4
	return w.Ptr.Add(from), w.slot.Bytes - from
}

func (e *executor) fillGuard(w outputTensor) error {
	at, n := w.guardZone()
	if n <= 0 {
		return nil
	}
	return e.backend.stream.Fill(at, guardWord, n)
}

func (e *executor) inspect(w outputTensor) error {
	b, counts := e.backend, e.checks.counts.Ptr
	if err := b.stream.Fill(counts, 0, 8); err != nil {
		return err
	}
	if !(w.gradient && b.config.Precision == nn.FP16) {
		if err := b.kernels.NotFinite(b.stream, w.t, w.Ptr, counts, w.elems()); err != nil {
			return err
		}
	}
	at, n := w.guardZone()
	if n > 0 {
		if err := b.kernels.NotEqual(b.stream, at, guardWord, counts.Add(4), int(n/4)); err != nil {
			return err
		}
	}
	var p [8]byte
	if err := e.transfer.read(p[:], counts); err != nil {
		return err
	}
	if c := binary.LittleEndian.Uint32(p[0:]); c != 0 {
		return fmt.Errorf("check: %s: %d of %d values are not finite", w.name, c, w.elems())
	}
	if c := binary.LittleEndian.Uint32(p[4:]); c != 0 {
		return fmt.Errorf("check: %s: %d words behind its end were overwritten", w.name, c)
	}
	return nil
}
