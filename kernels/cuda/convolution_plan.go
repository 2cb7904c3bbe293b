//go:build !nocuda

package cuda

import (
	"cmp"
	"fmt"
	"slices"

	"resnet/gpu"
)

// convolutionPlan says how a convolution is divided into blocks. The shared memory of a block has four parts: rows of
// zeros; the operand of a tile, later overwritten by its products; with `ahead`, the rows that the operand of the next
// tile is computed from, which are copied while this tile is multiplied; the weights of `slots` taps.
type convolutionPlan struct {
	channels int // of a tile: 16, 32, 64 or 128
	warps    int // of a block
	slots    int
	ahead    bool
	staged   int // bytes of the second part
	raw      int // bytes of the third part
	shared   int // bytes of all parts
	grid     gpu.Dim3
	rounds   int     // most tiles of a block
	clocks   float64 // estimated
}

func (p convolutionPlan) threads() int { return 32 * p.warps }

// across is how many warps divide the channels of 32 rows.
func (p convolutionPlan) across() int {
	if p.channels > 16 {
		return 2
	}
	return 1
}

// rows is the number of rows of a tile.
func (p convolutionPlan) rows() int { return 32 * p.warps / p.across() }

// reach is how many rows of the operand a tile needs before its first row, and after its last.
func reach(c *Convolution) int {
	if c.Kernel == 1 {
		return 0
	}
	return c.W + 1
}

const (
	convolutionWarps = 8 // of a block at most
	zeroRows         = 8
	padding          = 16   // bytes between rows in shared memory
	staticShared     = 4096 // bytes of shared memory reserved in each block for static arrays and the system
)

// String is the name of a plan, unique among the plans of a convolution.
func (p convolutionPlan) String() string {
	name := fmt.Sprintf("%d channels, %d warps, %d taps", p.channels, p.warps, p.slots)
	if p.ahead {
		name += ", rows ahead"
	}
	return name
}

// ConvolutionPlans returns the names of at most `most` plans for c, each of which may be c.Plan. The fastest come
// first, by the estimated clocks of the busiest multiprocessor.
func (k *Kernels) ConvolutionPlans(t gpu.DataType, c *Convolution, most int) (names []string) {
	plans := slices.DeleteFunc(k.convolutionPlans(t, c), convolutionPlan.hasNothingAhead)
	slices.SortStableFunc(plans, func(p, q convolutionPlan) int { return cmp.Compare(p.clocks, q.clocks) })
	for _, p := range plans[:min(len(plans), most)] {
		names = append(names, p.String())
	}
	return names
}

// hasNothingAhead says whether blocks have memory for the rows of a next tile, but compute a single tile. Such a plan
// is valid, because a plan chosen for a large batch is also used for smaller ones, but ConvolutionPlans leaves it out.
func (p convolutionPlan) hasNothingAhead() bool { return p.ahead && p.rounds == 1 }

// planConvolution returns the plan named c.Plan, or the first of ConvolutionPlans.
func (k *Kernels) planConvolution(t gpu.DataType, c *Convolution) (best convolutionPlan, err error) {
	plans := k.convolutionPlans(t, c)
	if len(plans) == 0 {
		const text = "cuda: convolution: kernel %dx%d of %d channels to %d on %dx%d does not fit the device: " +
			"use cuDNN's"
		return best, fmt.Errorf(text, c.Kernel, c.Kernel, c.In, c.Out, c.H, c.W)
	}
	if c.Plan == "" {
		return slices.MinFunc(plans, func(p, q convolutionPlan) int { return cmp.Compare(p.clocks, q.clocks) }), nil
	}
	i := slices.IndexFunc(plans, func(p convolutionPlan) bool { return p.String() == c.Plan })
	if i < 0 {
		return best, fmt.Errorf("cuda: convolution: plan %q, want one of ConvolutionPlans", c.Plan)
	}
	return plans[i], nil
}

// convolutionPlans are the plans that fit the device.
func (k *Kernels) convolutionPlans(t gpu.DataType, c *Convolution) (plans []convolutionPlan) {
	taps := c.Kernel * c.Kernel
	for channels := 128; k.tensor && channels >= 16; channels /= 2 {
		for warps := 1; warps <= convolutionWarps && c.Out%channels == 0; warps *= 2 {
			for _, slots := range []int{taps, 4, 2} {
				for _, ahead := range []bool{false, true} {
					p := convolutionPlan{channels: channels, warps: warps, slots: slots, ahead: ahead}
					if slots <= taps && warps >= p.across() && p.threads() >= c.In/lanes(t) && k.cut(t, c, &p) {
						plans = append(plans, p)
					}
				}
			}
		}
	}
	return plans
}

// elementBytes is the size of an element of type t.
func elementBytes(t gpu.DataType) int { return vectorBytes / lanes(t) }

// cut computes the other fields of a plan, and says whether it fits the device.
func (k *Kernels) cut(t gpu.DataType, c *Convolution, p *convolutionPlan) bool {
	const (
		registers    = 512 // threads of a multiprocessor that its registers suffice for
		blocksAtOnce = 16
	)
	size := elementBytes(t)
	row, pitch := c.In*size, c.In*size+padding
	operandRows := p.rows() + 2*reach(c)
	products, shares := p.warps*tileBytes(p.channels/p.across(), size), p.rows()/32*p.channels*shareBytes
	p.staged = max(operandRows*pitch, products, shares)
	loads := operandRows * row // bytes loaded for the operand of a tile
	if c.Operand.Kind == NormGradient {
		loads *= 2
	}
	if p.ahead {
		p.raw = loads
	}
	p.shared = zeroRows*pitch + p.staged + p.raw + p.slots*p.channels*pitch
	if p.shared+staticShared > k.shared {
		return false
	}
	across, tiles := c.Out/p.channels, ceilDiv(c.rows(), p.rows())
	multiprocessors := ceilDiv(k.blocks*blockThreads, residentThreads)
	resident := min((k.shared+staticShared)/(p.shared+staticShared), registers/p.threads(), blocksAtOnce)
	down := max(min(tiles, multiprocessors*resident/across), 1)
	p.rounds = max(ceilDiv(tiles, down), 1)
	p.grid = gpu.Dim3{X: max(ceilDiv(tiles, p.rounds), 1), Y: across, Z: 1}
	p.clocks = p.estimate(t, c, loads, ceilDiv(p.grid.X*across, multiprocessors))
	return true
}

// estimate is how many clocks the busiest multiprocessor needs for its `blocks` blocks. It adds up the time for the
// bytes and products of the tiles, the latency of each round of tiles, and the end, where one block adds up all sums.
// The rates below are those of an H100; the result is only good for comparing plans. With `ahead`, the loads of all
// rounds but the first are hidden, as long as products take. If weights go round in a ring, only the taps up to the
// first one whose weights are copied after the rows count for that.
func (p convolutionPlan) estimate(t gpu.DataType, c *Convolution, loads, blocks int) float64 {
	const (
		bytesPerClock  = 32   // from the L2 cache to a multiprocessor
		sharedPerClock = 128  // bytes to and from shared memory
		sumsPerClock   = 8    // by the last block
		latency        = 2000 // of a tile: loads and barriers
		loading        = 1000 // the part of it until the first rows of the operand arrive
	)
	productsPerClock := 1024.0 // by mma instructions, which do not reach the peak of the tensor cores
	if t == gpu.Float32 {
		productsPerClock = 512
	}
	size, taps := elementBytes(t), c.Kernel*c.Kernel
	row := c.In * size
	bytes, weights := loads+p.rows()*p.channels*size, taps*p.channels*row
	once, meanwhile := weights, 1.0 // meanwhile is the part of the products during which loads are hidden
	if p.slots < taps {
		once, bytes = 0, bytes+weights
		meanwhile = float64(p.slots-1) / float64(taps)
	}
	fragments := p.warps * (32 + p.channels/p.across()) * row * taps // bytes that mma reads from shared memory
	multiply := max(float64(p.rows()*p.channels*taps*c.In)/productsPerClock, float64(fragments)/sharedPerClock)
	tile := float64(bytes)/bytesPerClock + float64(2*p.raw)/sharedPerClock + multiply
	n := float64(blocks)
	clocks := float64(p.rounds)*(latency+n*tile) + n*float64(once)/bytesPerClock
	if p.ahead {
		clocks -= float64(p.rounds-1) * min(loading+n*float64(loads)/bytesPerClock, n*meanwhile*multiply)
	}
	if c.sums() {
		clocks += float64(p.grid.X*c.Out) / sumsPerClock
	}
	return clocks
}

// shareBytes is the size of PartialSum in channel_sums.cuh: the sums of one channel when a block merges its warps.
const shareBytes = 12

// tileBytes is the size of the products of a warp in shared memory: 32 padded rows.
func tileBytes(columns, size int) int {
	pad := padding
	if size == 4 {
		pad *= 2
	}
	return 32 * (columns*size + pad)
}

// scratch is the size of the partial sums and their block counter in bytes.
func (p convolutionPlan) scratch(c *Convolution) int64 {
	const pair = 8 // bytes of the sums of one block and channel
	return doneBytes + pair*int64(p.grid.X)*int64(c.Out)
}
