//go:build !nocuda

package nn

import "resnet/gpu"

// guard is how many bytes check mode leaves behind every tensor.
const guard = 256

// dataType is how a tensor lies in device memory. With 16-bit precision that is
// what activations and their gradients take; parameters, statistics and
// probabilities stay float32, and so do logits that a matrix product makes: it
// sums in float32 anyway.
func (b *cudaBackend) dataType(g *Graph, v Value, role Role) gpu.DataType {
	if !b.config.Precision.half() || g.Single(v) || v == g.Probabilities || g.Type(v).DType == Int32 {
		return gpu.Float32
	}
	if v == g.Logits && role == Data {
		if l, ok := g.Nodes[g.Producer(v)].Op.(Linear); ok && !l.ReLU {
			return gpu.Float32
		}
	}
	return b.half()
}

// half is the 16-bit type of the precision.
func (b *cudaBackend) half() gpu.DataType {
	if b.config.Precision == BF16 {
		return gpu.BFloat16
	}
	return gpu.Float16
}

// size is the bytes of n elements.
func size(t gpu.DataType, n int) int64 {
	if t == gpu.Float32 {
		return 4 * int64(n)
	}
	return 2 * int64(n)
}

// Bytes implements Target.
func (b *cudaBackend) Bytes(g *Graph, v Value, role Role, batch int) int64 {
	n := size(b.dataType(g, v, role), g.Elems(v, batch))
	if b.config.Check && g.Param(v) == nil {
		n = align(n) + guard
	}
	return n
}

// AliasGrads implements Target. cuDNN does not say that batch norm's backward
// pass may work in place.
func (b *cudaBackend) AliasGrads(g *Graph, x, y Value) bool {
	if b.dataType(g, x, Grad) != b.dataType(g, y, Grad) || g.Elems(x, 1) != g.Elems(y, 1) {
		return false
	}
	for _, pair := range [][2]Value{{x, y}, {y, x}} {
		if i := g.Producer(pair[0]); i >= 0 {
			if _, ok := g.Nodes[i].Op.(BatchNorm); ok && g.Nodes[i].In[0] == pair[1] {
				return false
			}
		}
	}
	return true
}

// activations is the type of activations.
func (b *cudaBackend) activations() gpu.DataType {
	if b.config.Precision.half() {
		return b.half()
	}
	return gpu.Float32
}

// Schedule implements Target: one step after another, but for what shares
// kernels or runs on the side.
func (b *cudaBackend) Schedule(g *Graph, _ Mode, steps []Step) []Span {
	if f := b.fuse(g); f != nil {
		return newCUDASchedule(f, steps).spans
	}
	spans := make([]Span, len(steps))
	for i := range spans {
		spans[i] = Span{Start: i, End: i}
	}
	return spans
}
