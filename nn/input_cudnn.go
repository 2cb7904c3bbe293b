//go:build !nocuda

package nn

import "resnet/gpu"

// bindInput looks every pixel up in the op's table, as the CPU does.
func (c *cudaBinding) bindInput(op Input) (cudaKernel, error) {
	b, y := c.backend, c.out()
	table, err := c.inputTable(op, y.shape.C)
	if err != nil {
		return cudaKernel{}, err
	}
	return cudaKernel{forward: func() error {
		return b.kernels.Input(b.stream, y.t, y.Ptr, c.pixels.Ptr, table, y.shape.C, y.elems())
	}}, nil
}

// inputTable is the node's table in device memory, made once for all programs.
func (c *cudaBinding) inputTable(op Input, channels int) (gpu.Ptr, error) {
	if t, ok := c.tables[c.node.Out]; ok {
		return t.Ptr, nil
	}
	var flat []float32
	for _, t := range op.table(channels) {
		flat = append(flat, t[:]...)
	}
	var t *gpu.Buffer
	if err := c.alloc(&t, "table of the input", 4*int64(len(flat))); err != nil {
		return 0, err
	}
	c.tables[c.node.Out] = t
	return t.Ptr, c.transfer.write(t.Ptr, Bytes(flat))
}
