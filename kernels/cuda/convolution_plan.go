//go:build !nocuda

package cuda

import (
	"cmp"
	"fmt"
	"slices"

	"resnet/gpu"
)

// convolutionPlan is how a convolution is cut into blocks, and what shared memory each of them has: rows of zeros; the
// operand of a tile, over which its products are laid; with `ahead`, the rows that the next tile's operand is computed
// from, on their way meanwhile; the weights of `slots` taps.
type convolutionPlan struct {
	channels int // of a block's tiles: 16, 32, 64 or 128
	warps    int // of a block
	slots    int
	ahead    bool
	staged   int // bytes of the second
	raw      int // bytes of the third
	shared   int // bytes of all
	grid     gpu.Dim3
	rounds   int     // tiles of a block, at most
	clocks   float64 // an estimate
}

func (p convolutionPlan) threads() int { return 32 * p.warps }

// across is how many warps share 32 rows.
func (p convolutionPlan) across() int {
	if p.channels > 16 {
		return 2
	}
	return 1
}

// rows is how many rows a tile has.
func (p convolutionPlan) rows() int { return 32 * p.warps / p.across() }

// reach is how many rows of the operand a tile needs before its first row, and behind its last.
func reach(c *Convolution) int {
	if c.Kernel == 1 {
		return 0
	}
	return c.W + 1
}

const (
	convolutionWarps = 8 // of a block at most
	zeroRows         = 8
	padding          = 16   // bytes that rows in shared memory are apart
	staticShared     = 4096 // bytes of shared memory, and more, that the kernels and the system have in each block
)

// String names a plan: among those of one convolution there is no other of this name.
func (p convolutionPlan) String() string {
	name := fmt.Sprintf("%d channels, %d warps, %d taps", p.channels, p.warps, p.slots)
	if p.ahead {
		name += ", rows ahead"
	}
	return name
}

// ConvolutionPlans names ways to cut c into blocks, at most so many, those first that keep the busiest multiprocessor for
// the least clocks by estimate. Any of them may be c's Plan.
func (k *Kernels) ConvolutionPlans(t gpu.DataType, c *Convolution, most int) (names []string) {
	plans := slices.DeleteFunc(k.convolutionPlans(t, c), convolutionPlan.hasNothingAhead)
	slices.SortStableFunc(plans, func(p, q convolutionPlan) int { return cmp.Compare(p.clocks, q.clocks) })
	for _, p := range plans[:min(len(plans), most)] {
		names = append(names, p.String())
	}
	return names
}

// hasNothingAhead says whether blocks of a single tile have memory for the next one's rows. Such a plan is good for
// batches smaller than that for which it was chosen.
func (p convolutionPlan) hasNothingAhead() bool { return p.ahead && p.rounds == 1 }

// planConvolution is the plan of c's choice, or the first of ConvolutionPlans.
func (k *Kernels) planConvolution(t gpu.DataType, c *Convolution) (best convolutionPlan, err error) {
	plans := k.convolutionPlans(t, c)
	if len(plans) == 0 {
		const text = "cuda: convolution: kernel %dx%d of %d channels to %d on %dx%d does not fit the device: use cuDNN's"
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

// elementBytes is how many bytes an element of type t has.
func elementBytes(t gpu.DataType) int { return vectorBytes / lanes(t) }

// cut completes a plan and says whether it fits.
func (k *Kernels) cut(t gpu.DataType, c *Convolution, p *convolutionPlan) bool {
	const (
		registers    = 512 // threads that the registers are enough for
		blocksAtOnce = 16
	)
	size := elementBytes(t)
	row, pitch := c.In*size, c.In*size+padding
	operandRows := p.rows() + 2*reach(c)
	products, shares := p.warps*tileBytes(p.channels/p.across(), size), p.rows()/32*p.channels*shareBytes
	p.staged = max(operandRows*pitch, products, shares)
	loads := operandRows * row // bytes that a tile's operand is computed from
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

// estimate is how many clocks the busiest multiprocessor takes, which has that many blocks: the tiles' bytes and products
// at the rates below, which are of an H100 and good for comparing plans alone; for each round of tiles the time that
// nothing hides; and the end, where one block gathers all sums. Rows ahead take the time of loading them off all rounds
// but the first, as far as there are products meanwhile: with weights that go round, those of the taps before the first
// whose weights are copied behind the rows.
func (p convolutionPlan) estimate(t gpu.DataType, c *Convolution, loads, blocks int) float64 {
	const (
		bytesPerClock  = 32   // from the second level cache, to a multiprocessor
		sharedPerClock = 128  // bytes to and from shared memory
		sumsPerClock   = 8    // by the last block
		latency        = 2000 // of a tile: its loads, its barriers
		loading        = 1000 // of those, until the operand's rows begin to come
	)
	productsPerClock := 1024.0 // by mma instructions, of what the tensor cores can do
	if t == gpu.Float32 {
		productsPerClock = 512
	}
	size, taps := elementBytes(t), c.Kernel*c.Kernel
	row := c.In * size
	bytes, weights := loads+p.rows()*p.channels*size, taps*p.channels*row
	once, meanwhile := weights, 1.0 // meanwhile is the part of the products that hides loads
	if p.slots < taps {
		once, bytes = 0, bytes+weights
		meanwhile = float64(p.slots-1) / float64(taps)
	}
	fragments := p.warps * (32 + p.channels/p.across()) * row * taps // bytes that the products read from shared memory
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

// shareBytes is how many bytes the sums of a channel and row of warps take when a block joins them.
const shareBytes = 12

// tileBytes is how many bytes of shared memory a warp's products take: 32 padded rows.
func tileBytes(columns, size int) int {
	pad := padding
	if size == 4 {
		pad *= 2
	}
	return 32 * (columns*size + pad)
}

// scratch is how many bytes of sums and their counter a launch leaves.
func (p convolutionPlan) scratch(c *Convolution) int64 {
	const pair = 8 // bytes of a block's sums of a channel
	return doneBytes + pair*int64(p.grid.X)*int64(c.Out)
}
