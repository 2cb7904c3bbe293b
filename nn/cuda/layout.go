//go:build !nocuda

package cuda

import (
	"resnet/gpu"
	"resnet/nn"
)

// guardBytes is the size of the guard zone that check mode puts behind every tensor.
const guardBytes = 256

// dataType is the element type of a tensor in device memory. With 16-bit precision activations and their gradients have
// 16 bits. Parameters, statistics and probabilities are float32, and so are logits that a matrix product makes: it sums
// in float32 anyway.
func (b *backend) dataType(g *nn.Graph, v nn.Value, role nn.Role) gpu.DataType {
	if !b.config.Precision.Is16Bit() || !g.PerImage(v) || v == g.Probabilities || g.Type(v).DType == nn.Int32 {
		return gpu.Float32
	}
	if v == g.Logits && role == nn.Data {
		if l, ok := g.Nodes[g.Producer(v)].Op.(nn.Linear); ok && !l.ReLU {
			return gpu.Float32
		}
	}
	return b.type16()
}

// type16 is the 16-bit type of the precision.
func (b *backend) type16() gpu.DataType {
	if b.config.Precision == nn.BF16 {
		return gpu.BFloat16
	}
	return gpu.Float16
}

// size is the number of bytes of n elements.
func size(t gpu.DataType, n int) int64 {
	if t == gpu.Float32 {
		return 4 * int64(n)
	}
	return 2 * int64(n)
}

// Bytes implements nn.Target.
func (b *backend) Bytes(g *nn.Graph, v nn.Value, role nn.Role, batch int) int64 {
	n := size(b.dataType(g, v, role), g.Elems(v, batch))
	if b.config.Check && g.Param(v) == nil {
		n = nn.Align(n) + guardBytes
	}
	return n
}

// AliasGrads implements nn.Target. It keeps dx and dy of a batch norm apart: cuDNN does not promise that the backward
// pass works in place.
func (b *backend) AliasGrads(g *nn.Graph, x, y nn.Value) bool {
	if b.dataType(g, x, nn.Grad) != b.dataType(g, y, nn.Grad) || g.Elems(x, 1) != g.Elems(y, 1) {
		return false
	}
	for _, pair := range [][2]nn.Value{{x, y}, {y, x}} {
		if i := g.Producer(pair[0]); i >= 0 {
			if _, ok := g.Nodes[i].Op.(nn.BatchNorm); ok && g.Nodes[i].In[0] == pair[1] {
				return false
			}
		}
	}
	return true
}

// activationType is the element type of activations.
func (b *backend) activationType() gpu.DataType {
	if b.config.Precision.Is16Bit() {
		return b.type16()
	}
	return gpu.Float32
}
