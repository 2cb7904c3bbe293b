//go:build !nocuda

package cuda

import (
	"fmt"
	"iter"
	"math"

	"resnet/gpu"
)

// weightWarps is the number of warps of a block, weightResident the number of blocks that fit on a multiprocessor.
const (
	weightWarps    = 6
	weightResident = 2
)

// WeightRoom is the room on the device that a launch of weight gradients takes. Two of its blocks fill the register
// file of a multiprocessor, so no other kernel can start there meanwhile.
type WeightRoom uint8

const (
	AllRoom      WeightRoom = iota // two blocks on each multiprocessor
	HalfOfEach                     // one block on each
	HalfOfDevice                   // one block on half of the multiprocessors
)

// weightPlan says how a weight gradient is divided into blocks, each of which computes one tile of dw over one split of
// the pixels, and how a block is divided into warps.
type weightPlan struct {
	tall            bool // a warp of a 3x3 kernel has 64 outputs rather than 32
	down            int  // number of warps that divide the outputs of a tile
	across          int  // number of warps, or for a 3x3 kernel of groups of three warps, that divide its inputs
	deep            int  // number of warps that divide the pixels of a chunk
	outputs, inputs int  // of a tile
	tiles, splits   int
	span, chunk     int // pixels of a split, and of a chunk: those in shared memory at once
	ring            int // pixels of the operand in shared memory: two chunks and halos, rounded up to a power of two
	shared          int // bytes of shared memory

	clocks float64 // estimated
}

func (p weightPlan) blocks() int { return p.tiles * p.splits }

// warpTile is the tile of a warp: outputs, inputs, taps.
func (p *weightPlan) warpTile(kernel int) (outputs, inputs, taps int) {
	switch {
	case kernel == 1:
		return 32, 64, 1
	case p.tall:
		return 64, 16, 3
	}
	return 32, 16, 3
}

// weightBlocks is the number of blocks that fill a room.
func (k *Kernels) weightBlocks(r WeightRoom) int {
	multiprocessors, resident := r.of(k.multiprocessors())
	return multiprocessors * resident
}

// of is how many multiprocessors of the device's a room has, and how many blocks run on each.
func (r WeightRoom) of(device int) (multiprocessors, resident int) {
	switch r {
	case HalfOfEach:
		return device, 1
	case HalfOfDevice:
		return ceilDiv(device, 2), 1
	}
	return device, weightResident
}

func (k *Kernels) multiprocessors() int { return ceilDiv(k.blocks*blockThreads, residentThreads) }

// planWeightGradient returns the plan with the fewest estimated clocks.
func (k *Kernels) planWeightGradient(t gpu.DataType, w *WeightGradient) (weightPlan, error) {
	best := weightPlan{clocks: math.Inf(1)}
	for p := range k.weightPlans(t, w) {
		if p.estimate(t, w, k.multiprocessors()); p.clocks < best.clocks {
			best = p
		}
	}
	if best.tiles == 0 {
		return best, fmt.Errorf("cuda: weight gradient: kernel %dx%d of %d channels to %d on %dx%d does not fit the "+
			"device: use cuDNN's",
			w.Kernel, w.Kernel, w.In, w.Out, w.H, w.W)
	}
	return best, nil
}

// weightPlans yields the plans that fit the device, with all numbers of splits that w.Blocks allows.
func (k *Kernels) weightPlans(t gpu.DataType, w *WeightGradient) iter.Seq[weightPlan] {
	blocks := w.Blocks
	if blocks == 0 {
		blocks = k.weightBlocks(w.Room)
	}
	return func(yield func(weightPlan) bool) {
		for _, p := range warpPlans(w) {
			for splits := 1; k.tensor && (splits == 1 || splits*p.tiles <= blocks); splits++ {
				p.cut(t, w, splits)
				fits := p.chunk > 0 && p.shared+staticShared <= k.shared
				if fits && p.splits == splits && !yield(p) {
					return
				}
			}
		}
	}
}

// warpPlans are the ways to divide a block into warps so that each has work to do, and dw into tiles of such blocks.
func warpPlans(w *WeightGradient) (plans []weightPlan) {
	places := weightWarps / w.Kernel
	for deep := 1; deep <= places; deep++ {
		for across := 1; across*deep <= places; across++ {
			for _, tall := range []bool{false, true}[:min(w.Kernel, 2)] {
				p := weightPlan{tall: tall, down: places / (across * deep), across: across, deep: deep}
				outputs, inputs, _ := p.warpTile(w.Kernel)
				if p.down*across*deep != places || (p.down-1)*outputs >= w.Out || (across-1)*inputs >= w.In {
					continue
				}
				// A tile has no more channels than dw. What its warps compute beyond them is not stored.
				p.outputs, p.inputs = min(outputs*p.down, w.Out), min(inputs*across, w.In)
				p.tiles = ceilDiv(w.Out, p.outputs) * ceilDiv(w.In, p.inputs)
				plans = append(plans, p)
			}
		}
	}
	return plans
}

// cut divides the pixels into equal splits, or into fewer splits if there are few pixels. It chooses the chunk: a
// multiple of the pixels of one mma, limited by the registers of a thread, which hold gradientVectors and
// operandVectors vectors of 16 bytes.
func (p *weightPlan) cut(t gpu.DataType, w *WeightGradient, splits int) {
	const most = 96 // most pixels of a chunk
	gradientVectors, operandVectors := 2, 1
	if w.Kernel == 1 {
		operandVectors = 2
	}
	size, product := 16/lanes(t), 16
	if t == gpu.Float32 {
		product = 8
	}
	rows := func(vectors, channels int) int { return vectors * (32 * weightWarps / (channels / lanes(t))) }
	p.span = product * ceilDiv(ceilDiv(w.rows(), splits), product)
	p.splits = ceilDiv(w.rows(), p.span)
	p.chunk = min(rows(gradientVectors, p.outputs), rows(operandVectors, p.inputs), p.span, most)
	if unit := product * p.deep; p.chunk >= unit {
		p.chunk -= p.chunk % unit
	}
	p.chunk -= p.chunk % product
	p.ring = 1
	for p.ring < 2*(p.chunk+w.halo()) {
		p.ring *= 2
	}
	const pad, zeros = 8, 8 // elements after a row, rows after the ring
	outputs, inputs, taps := p.warpTile(w.Kernel)
	last := (2*p.chunk*(p.outputs+pad) + (p.ring+zeros-1)*(p.inputs+pad)) * size // where the last row of zeros begins
	tiles := last + max((p.inputs+pad)*size+2*p.chunk*2, p.across*inputs*size)
	merge := (p.deep - 1) * weightWarps / p.deep * outputs * inputs * taps * 4
	p.shared = max(tiles, merge)
}

// halo is how many pixels the taps reach beyond a run of pixels, on either side.
func (w *WeightGradient) halo() int {
	if w.Kernel == 1 {
		return 0
	}
	return w.W + 1
}

// estimate computes how many clocks the busiest of the device's multiprocessors takes. The loads, products and
// latencies of the resident blocks overlap, so the longest of these counts. The time to store their sums, and to add up
// the splits, is added.
func (p *weightPlan) estimate(t gpu.DataType, w *WeightGradient, device int) {
	const (
		bytesPerClock = 32  // from the L2 cache to a multiprocessor
		latency       = 700 // of a load
		barrier       = 150 // clocks that a block waits per chunk
	)
	productsPerClock, size := 1024, 2 // by mma instructions, which do not reach the peak of the tensor cores
	if t == gpu.Float32 {
		productsPerClock, size = 512, 4
	}
	gradient, operand := p.outputs*size, p.inputs*size // bytes per pixel
	if w.Gradient.Kind == NormGradient {
		gradient *= 2
	}
	outputs, inputs, taps := p.warpTile(w.Kernel)
	products := p.chunk * outputs * inputs * taps * weightWarps / p.deep // per chunk

	multiprocessors, resident := w.Room.of(device)
	rounds := ceilDiv(p.blocks(), multiprocessors*resident)
	together := resident // with blocks of the other convolutions, if this one has only a part of the blocks
	if w.Blocks == 0 {
		together = min(ceilDiv(p.blocks(), multiprocessors), resident)
	}
	chunk := barrier + max(latency, together*p.chunk*(gradient+operand)/bytesPerClock,
		together*products/productsPerClock)
	chunks := ceilDiv(p.span, p.chunk)
	sums := p.outputs * p.inputs * w.taps() * 4
	p.clocks = float64(rounds) * float64(2*latency+chunks*chunk+together*(2*w.halo()*operand+sums)/bytesPerClock)
	if p.splits > 1 {
		p.clocks += float64(4*p.splits*w.weights()) / float64(bytesPerClock*device)
	}
}
