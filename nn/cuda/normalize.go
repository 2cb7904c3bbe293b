//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	"resnet/nn"
)

// bindNormalize binds a look-up of every pixel in the op's table, the same as on the CPU.
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

// normalizeTable is the table of the Normalize node with that output, in device memory. All programs share it.
func (c *binding) normalizeTable(op nn.Normalize, out nn.Value, channels int) (gpu.Ptr, error) {
	if t, ok := c.tables[out]; ok {
		return t.Ptr, nil
	}
	var flat []float32
	for _, t := range op.Table(channels) {
		flat = append(flat, t[:]...)
	}
	var t *gpu.Buffer
	if err := c.alloc(&t, "table of pixel values", 4*int64(len(flat))); err != nil {
		return 0, err
	}
	c.tables[out] = t
	return t.Ptr, c.transfer.write(t.Ptr, nn.Bytes(flat))
}
