//go:build !nocuda

package cuda

import (
	"encoding/binary"
	"fmt"

	"resnet/gpu"
	"resnet/nn"
)

// checker is check mode: after every instruction the tensors that it wrote must be finite, and the guard zones behind
// them intact. Gradients in float16 are allowed to overflow, as the loss scale is found by trying.
type checker struct {
	counts *gpu.Buffer // int32: values that are not finite, guard words that changed
}

// guardWord fills guard zones. It is a NaN in float32, so that a kernel that reads one is found too.
const guardWord = 0x7fc0dead

func (e *executor) makeChecker() error {
	e.checks = &checker{}
	return e.alloc(&e.checks.counts, "counts of check mode", 8)
}

// outputTensor is a tensor that an instruction writes.
type outputTensor struct {
	tensorPtr
	slot     nn.Slot
	name     string
	gradient bool
}

// outputs lists the tensors that an instruction writes, except for an update.
func (p *program) outputs(instruction int) (list []outputTensor) {
	if instruction < 0 || p.Instructions[instruction].Phase == nn.Update {
		return nil
	}
	e, g, in := p.exec, p.exec.graph, p.Instructions[instruction]
	n := &g.Nodes[in.Node]
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
	if in.Phase == nn.Forward {
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

// runChecked runs the tasks one by one and checks what each instruction wrote after its last task.
func (p *program) runChecked() error {
	p.warm = true
	for i, t := range p.tasks {
		outputs := p.outputs(t.instruction)
		last := i+1 == len(p.tasks) || p.tasks[i+1].instruction != t.instruction
		for _, o := range outputs {
			if err := p.exec.fillGuard(o); err != nil {
				return p.taskError(t, err)
			}
		}
		if err := t.run(); err != nil {
			return p.taskError(t, err)
		}
		if !last {
			continue
		}
		for _, o := range outputs {
			if err := p.exec.checkOutput(o); err != nil {
				return p.taskError(t, err)
			}
		}
	}
	return nil
}

// guardZone is the rest of a tensor's slot, after its last element.
func (o outputTensor) guardZone() (at gpu.Ptr, bytes int64) {
	if o.slot.Segment != nn.Activations {
		return 0, 0
	}
	from := (o.bytes() + 3) / 4 * 4
	return o.Ptr.Add(from), o.slot.Bytes - from
}

func (e *executor) fillGuard(o outputTensor) error {
	at, n := o.guardZone()
	if n <= 0 {
		return nil
	}
	return e.backend.stream.Fill(at, guardWord, n)
}

// checkOutput waits for the tensor.
func (e *executor) checkOutput(o outputTensor) error {
	b, counts := e.backend, e.checks.counts.Ptr
	if err := b.stream.Fill(counts, 0, 8); err != nil {
		return err
	}
	if !(o.gradient && b.config.Precision == nn.FP16) {
		if err := b.kernels.NotFinite(b.stream, o.t, o.Ptr, counts, o.elems()); err != nil {
			return err
		}
	}
	at, n := o.guardZone()
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
		return fmt.Errorf("check: %s: %d of %d values are not finite", o.name, c, o.elems())
	}
	if c := binary.LittleEndian.Uint32(p[4:]); c != 0 {
		return fmt.Errorf("check: %s: %d words after its end were overwritten", o.name, c)
	}
	return nil
}
