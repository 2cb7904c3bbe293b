//go:build !nocuda

package nn

import (
	"resnet/gpu"
	"resnet/kernels/cuda"
)

// bindLinear is a Linear on cuBLAS; weight is (out, in) with the input counted
// H, W, C, as the activations lie.
//
//	forward   y = x wᵀ + bias, with ReLU max(y, 0)
//	backward  g = dy (under the ReLU's mask)
//	          dw = gᵀ x,  dbias = Σ g,  dx = g w
func (c *cudaBinding) bindLinear(op Linear) cudaKernel {
	b, x, y := c.backend, c.in(0), c.out()
	w, t := c.weight(0)
	in, out := c.graph.Elems(c.node.In[0], 1), op.Out
	k := cudaKernel{forward: func() error {
		if err := b.blas.Gemm(b.gemm(), t, y.t, false, true, c.n, out, in, 1, x.Ptr, w, 0, y.Ptr); err != nil {
			return err
		}
		return b.kernels.Bias(b.stream, y.t, y.Ptr, c.param(1), op.ReLU, out, y.elems())
	}}
	if !c.training() {
		return k
	}
	dy := c.dy()
	dx, hasDX := c.dx(0)
	// Scratch holds the bias's partial sums, then g.
	atGrad := alignScratch(cuda.BiasScratch(c.n, out))
	c.needScratch(atGrad + dy.bytes())
	k.backward = func() error {
		g := dy.Ptr
		if op.ReLU {
			g = c.scratch.Ptr.Add(atGrad)
			if err := b.kernels.ReLUBackward(b.stream, dy.t, g, dy.Ptr, y.Ptr, false, dy.elems()); err != nil {
				return err
			}
		}
		if err := b.blas.Gemm(b.gemm(), t, gpu.Float32, true, false, out, in, c.n, 1, g, x.Ptr, 0, c.dparam(0)); err != nil {
			return err
		}
		if err := b.kernels.BiasBackward(b.stream, dy.t, c.dparam(1), g, c.workspace(), c.n, out); err != nil || !hasDX {
			return err
		}
		return b.blas.Gemm(b.gemm(), t, dx.t, false, false, c.n, in, out, 1, g, w, c.beta(0), dx.Ptr)
	}
	return k
}

// gemm is how cuBLAS multiplies float32; 16-bit products are summed in float32.
func (b *cudaBackend) gemm() gpu.GemmMath {
	if b.config.Precision == TF32 {
		return gpu.FastTF32
	}
	return gpu.Pedantic32
}
