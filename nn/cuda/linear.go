//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// matrixProduct is the products of a Linear on cuBLAS; weight is (out, in), with in ordered H, W, C as activations are.
type matrixProduct struct {
	*binding
	x, y    tensorPtr
	w       gpu.Ptr
	t       gpu.DataType // of x and w
	in, out int
}

func (c *binding) newMatrixProduct(op nn.Linear) *matrixProduct {
	p := &matrixProduct{binding: c, x: c.in(0), y: c.out(), in: c.graph.Elems(c.node.In[0], 1), out: op.Out}
	p.w, p.t = c.weight(0)
	return p
}

// forward is y = x wᵀ.
func (p *matrixProduct) forward() error {
	b := p.backend
	return b.blas.Gemm(gpu.Product{
		Rows: p.n, Cols: p.out, Inner: p.in, TransB: true, In: p.t, Out: p.y.t, Math: b.gemmMath(), Alpha: 1,
	}, p.x.Ptr, p.w, p.y.Ptr)
}

// weightGradient is dw = gᵀ x, where g is the gradient of x wᵀ.
func (p *matrixProduct) weightGradient(g gpu.Ptr) error {
	b := p.backend
	return b.blas.Gemm(gpu.Product{
		Rows: p.out, Cols: p.in, Inner: p.n, TransA: true, In: p.t, Out: gpu.Float32, Math: b.gemmMath(), Alpha: 1,
	}, g, p.x.Ptr, p.dparam(0))
}

// dataGradient is dx = g w, where x needs a gradient.
func (p *matrixProduct) dataGradient(g gpu.Ptr) error {
	dx, ok := p.dx(0)
	if !ok {
		return nil
	}
	b := p.backend
	return b.blas.Gemm(gpu.Product{
		Rows: p.n, Cols: p.in, Inner: p.out, In: p.t, Out: dx.t, Math: b.gemmMath(), Alpha: 1, Beta: p.beta(0),
	}, g, p.w, dx.Ptr)
}

func init() {
	register(func(c *binding, op nn.Linear) (kernel, error) { return c.bindLinear(op), nil })
}

// bindLinear binds a Linear that shares no kernels:
//
//	forward   y = x wᵀ + bias, with ReLU max(y, 0)
//	backward  g = dy (under the ReLU's mask)
//	          dw = gᵀ x,  dbias = Σ g,  dx = g w
func (c *binding) bindLinear(op nn.Linear) kernel {
	p := c.newMatrixProduct(op)
	b, y := c.backend, p.y
	k := kernel{forward: inOrder(p.forward, func() error {
		return b.kernels.Bias(b.stream, y.t, y.Ptr, c.param(1), op.ReLU, p.out, y.elems())
	})}
	if !c.training() {
		return k
	}
	dy := c.dy()
	// Scratch memory holds the partial sums of dbias, then g.
	atGrad := alignScratch(kernels.BiasScratch(c.n, p.out))
	c.needScratch(atGrad + dy.bytes())
	k.backward = func() error {
		g := dy.Ptr
		if op.ReLU {
			g = c.scratch.Ptr.Add(atGrad)
			if err := b.kernels.ReLUBackward(b.stream, dy.t, g, dy.Ptr, y.Ptr, false, dy.elems()); err != nil {
				return err
			}
		}
		if err := p.weightGradient(g); err != nil {
			return err
		}
		if err := b.kernels.BiasBackward(b.stream, dy.t, c.dparam(1), g, c.workspace(), c.n, p.out); err != nil {
			return err
		}
		return p.dataGradient(g)
	}
	return k
}

// gemmMath is how cuBLAS multiplies float32; 16-bit products are summed in float32.
func (b *backend) gemmMath() gpu.GemmMath {
	if b.config.Precision == nn.TF32 {
		return gpu.FastTF32
	}
	return gpu.Pedantic32
}
