//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
)

// WeightGradient is the weight gradient of a convolution of stride 1 with a 1x1 or 3x3 kernel, zero-padded to the same
// size:
//
//	dw[o][tap][i] = Σ over pixels p of gradient[p][o] * operand[p+tap][i]
//
// Products are summed in float32. The pixels are split: one launch writes the sums of each split to Scratch, and
// another adds them up in float64, in a fixed order. So a result depends on the number of splits, and through it on the
// number of multiprocessors and the room, but on nothing else. One launch may add up the splits of many convolutions.
type WeightGradient struct {
	N, H, W, In, Out, Kernel int // In and Out are multiples of 16

	Operand  Operand // input of the convolution: rows x In, Plain or Normalized
	Gradient Operand // gradient of its output: rows x Out, Plain or NormGradient
	DW       gpu.Ptr // float32 in Out,Kernel,Kernel,In

	Room    WeightRoom
	Blocks  int     // approximate number of blocks; 0: as many as fill the room. See ShareWeightGradients
	Scratch gpu.Ptr // WeightGradientScratch bytes, in use until WeightGradientSums
}

// MostWeightSums is the most convolutions of a launch of WeightGradientSums.
const MostWeightSums = splitSums

// MostWeightGradients is the most convolutions of a launch of WeightGradients.
const MostWeightGradients = 4

// WeightGradient computes the gradient of w, in one or two launches.
func (k *Kernels) WeightGradient(s *gpu.Stream, t gpu.DataType, w *WeightGradient) error {
	list := []*WeightGradient{w}
	if err := k.WeightGradients(s, t, list); err != nil {
		return err
	}
	return k.WeightGradientSums(s, t, list)
}

// WeightGradients computes the sums of each split for up to four convolutions in one launch. Use it for convolutions
// that have too few pixels to fill the device each, as in a residual block; ShareWeightGradients divides the blocks
// among them.
func (k *Kernels) WeightGradients(s *gpu.Stream, t gpu.DataType, list []*WeightGradient) error {
	if len(list) > MostWeightGradients {
		return fmt.Errorf("cuda: weight gradient: %d convolutions in a launch, want at most %d",
			len(list), MostWeightGradients)
	}
	tasks, err := k.weightTasks(t, list)
	if err != nil {
		return err
	}
	return k.runWeightTasks(s, t, tasks)
}

// WeightGradientSums completes DW of up to 24 convolutions from the sums that WeightGradients has written for each
// split.
func (k *Kernels) WeightGradientSums(s *gpu.Stream, t gpu.DataType, list []*WeightGradient) error {
	tasks, err := k.weightTasks(t, list)
	if err != nil {
		return err
	}
	return k.sumWeightTasks(s, tasks)
}

// WeightGradientScratch is the size of w.Scratch in bytes.
func (k *Kernels) WeightGradientScratch(t gpu.DataType, w *WeightGradient) int64 {
	plan, err := k.planWeightGradient(t, w)
	if err != nil || plan.splits == 1 {
		return 0
	}
	return 4 * int64(plan.splits) * int64(w.weights())
}

// WeightGradientFits says whether WeightGradient supports these sizes on this device. The device must have tensor cores
// for TF32 and bfloat16 (compute capability 8.0), and enough shared memory for two rows of pixels.
func (k *Kernels) WeightGradientFits(t gpu.DataType, in, out, kernel, h, w int) bool {
	g := &WeightGradient{N: 1, H: h, W: w, In: in, Out: out, Kernel: kernel}
	_, err := k.planWeightGradient(t, g)
	return g.checkSizes() == nil && err == nil
}

// ShareWeightGradients sets Blocks of convolutions that run in one launch and have the same room, so that all take
// about the same time. The time per block depends on the number of blocks, so a few iterations are needed.
func (k *Kernels) ShareWeightGradients(t gpu.DataType, list []*WeightGradient) error {
	for _, w := range list {
		w.Blocks = max(k.weightBlocks(w.Room)/len(list), 1)
	}
	work := make([]float64, len(list))
	for range 4 {
		total := 0.0
		for i, w := range list {
			plan, err := k.planWeightGradient(t, w)
			if err != nil {
				return err
			}
			work[i] = float64(plan.blocks()) * plan.clocks
			total += work[i]
		}
		for i, w := range list {
			w.Blocks = max(int(float64(k.weightBlocks(w.Room))*work[i]/total), 1)
		}
	}
	return nil
}

func (w *WeightGradient) rows() int    { return w.N * w.H * w.W }
func (w *WeightGradient) taps() int    { return w.Kernel * w.Kernel }
func (w *WeightGradient) weights() int { return w.Out * w.taps() * w.In }

func (w *WeightGradient) check() error {
	if err := w.checkSizes(); err != nil {
		return err
	}
	for _, o := range []Operand{w.Operand, w.Gradient} {
		if err := o.check("weight gradient"); err != nil {
			return err
		}
	}
	if w.Operand.Kind == NormGradient || w.Gradient.Kind == Normalized {
		return fmt.Errorf("cuda: weight gradient: operand of kind %d and gradient of kind %d, "+
			"want Plain or Normalized and Plain or NormGradient",
			w.Operand.Kind, w.Gradient.Kind)
	}
	return check("weight gradient", max(w.rows()*max(w.In, w.Out), w.weights()), w.Operand.X, w.Operand.Norm,
		w.Gradient.X, w.Gradient.Input, w.Gradient.Norm, w.DW, w.Scratch)
}

func (w *WeightGradient) checkSizes() error {
	if w.Kernel != 1 && w.Kernel != 3 {
		return fmt.Errorf("cuda: weight gradient: kernel %dx%d, want 1x1 or 3x3", w.Kernel, w.Kernel)
	}
	if w.In <= 0 || w.Out <= 0 || w.In%16 != 0 || w.Out%16 != 0 {
		return fmt.Errorf("cuda: weight gradient: %d channels to %d, want multiples of 16", w.In, w.Out)
	}
	return nil
}

// weightTask is one convolution of a launch.
type weightTask struct {
	*WeightGradient
	plan weightPlan
}

// WeightTasks are the convolutions of a launch.
type WeightTasks []weightTask

// weightTasks checks and plans convolutions. It skips those without pixels.
func (k *Kernels) weightTasks(t gpu.DataType, list []*WeightGradient) (WeightTasks, error) {
	var tasks WeightTasks
	for _, w := range list {
		if err := w.check(); err != nil {
			return nil, err
		}
		if w.rows() == 0 {
			continue
		}
		plan, err := k.planWeightGradient(t, w)
		if err != nil {
			return nil, err
		}
		if plan.splits > 1 && w.Scratch == 0 {
			return nil, errors.New("cuda: weight gradient: no scratch: want WeightGradientScratch bytes")
		}
		tasks = append(tasks, weightTask{w, plan})
	}
	return tasks, nil
}

func (k *Kernels) runWeightTasks(s *gpu.Stream, t gpu.DataType, tasks WeightTasks) error {
	blocks, shared := 0, 0
	for _, task := range tasks {
		blocks += task.plan.blocks()
		shared = max(shared, task.plan.shared)
	}
	if blocks == 0 {
		return nil
	}
	grid, block := gpu.Dim3{X: blocks, Y: 1, Z: 1}, gpu.Dim3{X: 32 * weightWarps, Y: 1, Z: 1}
	return k.launchWeightGradient(s, grid, block, shared, t, tasks, len(tasks))
}

func (k *Kernels) sumWeightTasks(s *gpu.Stream, tasks WeightTasks) error {
	var sums SplitSums
	for _, task := range tasks {
		if task.plan.splits > 1 {
			sums = append(sums, splitSum{task.Scratch, task.DW, task.weights(), task.plan.splits})
		}
	}
	return k.sumSplits(s, sums)
}

// push adds the fields in the order of the kernels' struct.
func (l WeightTasks) push(args *gpu.Args) {
	first := 0
	for i := range MostWeightGradients {
		task := weightTask{WeightGradient: new(WeightGradient)}
		if i < len(l) {
			task = l[i]
		}
		p, dw := task.plan, task.Scratch
		if p.splits == 1 {
			dw = task.DW
		}
		task.Operand.push(args)
		task.Gradient.push(args)
		args.Ptr(dw)
		for _, n := range [...]int{first, task.rows(), task.H, task.W, task.In, task.Out, task.Kernel} {
			args.Uint32(uint32(n))
		}
		args.Uint32(flag(p.tall))
		for _, n := range [...]int{p.inputs, p.outputs, p.across, p.deep, p.tiles, p.span, p.chunk, p.ring} {
			args.Uint32(uint32(n))
		}
		first += p.blocks()
	}
}
