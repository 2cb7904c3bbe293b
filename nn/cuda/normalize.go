//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	"resnet/nn"
)

// bindNormalize looks every pixel up in the op's table, as the CPU does.
func (c *binding) bindNormalize(op nn.Normalize) (kernel, error) {
	b, y := c.backend, c.out()
	table, err := c.normalizeTable(op, c.node.Out, y.shape.C)
	if err != nil {
		return kernel{}, err
	}
	return kernel{forward: func() error {
		return b.kernels.Input(b.stream, y.t, y.Ptr, c.pixels.Ptr, table, y.shape.C, y.elems())
	}}, nil
}

// normalizeTable is an Input node's table in device memory, by the node's output,
// made once for all programs.
func (c *binding) normalizeTable(op nn.Normalize, out nn.Value, channels int) (gpu.Ptr, error) {
	if t, ok := c.tables[out]; ok {
		return t.Ptr, nil
	}
	var flat []float32
	for _, t := range op.Table(channels) {
		flat = append(flat, t[:]...)
	}
	var t *gpu.Buffer
	if err := c.alloc(&t, "table of the input", 4*int64(len(flat))); err != nil {
		return 0, err
	}
	c.tables[out] = t
	return t.Ptr, c.transfer.write(t.Ptr, nn.Bytes(flat))
}
