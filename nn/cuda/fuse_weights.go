//go:build !nocuda

package cuda

import (
	"unsafe"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// packedWeights holds the weights of the convolutions on tensor cores in the order in which the kernels read them: for
// the forward pass, and for training also for the data gradient.
type packedWeights struct {
	weights  *gpu.Buffer
	table    *gpu.Buffer
	forward  map[nn.Value]int64 // byte offset by weight
	backward map[nn.Value]int64
	copies   int
	maxElems int // of the largest weight
}

// makePackedWeights allocates the copies, and a table of them from which one launch writes them all.
func (e *executor) makePackedWeights() error {
	if e.fusion == nil {
		return nil
	}
	p, t := &e.packed, e.backend.activationType()
	p.forward, p.backward = map[nn.Value]int64{}, map[nn.Value]int64{}
	var table []kernels.PackedWeights
	to := 0
	for i := range e.graph.Nodes {
		if !e.fusion.onTensorCores[i] {
			continue
		}
		n := &e.graph.Nodes[i]
		op, v := n.Op.(nn.Conv), n.Params[0]
		elems := e.graph.Elems(v, 1)
		p.maxElems = max(p.maxElems, elems)
		add := func(at map[nn.Value]int64, transposed int32) {
			at[v] = size(t, to)
			table = append(table, kernels.PackedWeights{
				From: int32(e.plan.Params[v].Offset / 4), To: int32(to), Transposed: transposed,
				Out: int32(op.Out), Taps: int32(op.Kernel * op.Kernel), In: int32(e.graph.Type(n.In[0]).Shape.C),
			})
			to += (elems + nn.SlotAlign - 1) / nn.SlotAlign * nn.SlotAlign
		}
		add(p.forward, 0)
		if e.plan.Train != nil {
			add(p.backward, 1)
		}
	}
	if p.copies = len(table); p.copies == 0 {
		return nil
	}
	if err := e.alloc(&p.weights, "weights for tensor cores", size(t, to)); err != nil {
		return err
	}
	return e.uploadTable(&p.table, "table of weights", entries(table))
}

// entries are a table's bytes.
func entries[T any](table []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&table[0])), len(table)*int(unsafe.Sizeof(table[0])))
}

// uploadTable makes a buffer that holds these bytes.
func (e *executor) uploadTable(to **gpu.Buffer, what string, p []byte) error {
	if err := e.alloc(to, what, int64(len(p))); err != nil {
		return err
	}
	return e.transfer.write((*to).Ptr, p)
}
