//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// candidate is one of several ways to compute the same. Run queues it as a step
// would. It is called again and again on memory whose contents do not matter,
// with scratch memory of the bytes that it says.
type candidate struct {
	name    string
	scratch int64
	run     func() error
}

// choose gives the place of the candidate that is taken for a key, see
// tuner.choose. The first is what is taken without measurement.
//
// Only Compile measures, as there is nothing yet in the memory that a run could
// lose. A batch of fewer images, which is bound later, is to take the choice of
// the whole batch: a key holds the plan's batch size, not the binding's.
func (c *binding) choose(key string, candidates []candidate) (int, error) {
	names := make([]string, len(candidates))
	for i, x := range candidates {
		names[i] = x.name
	}
	measure := func() ([]float64, error) { return c.measure(key, candidates) }
	if c.compiled {
		measure = nil
	}
	return c.backend.tuner.choose(key, names, measure)
}

// tuneRounds are how often each candidate is timed. They take turns, so that
// what slows the device down for a moment does not hit one of them only.
const tuneRounds = 5

// measure times the candidates, in microseconds. One that fails, or may not be
// captured, or for whose scratch memory there is no room, is out.
func (e *executor) measure(key string, candidates []candidate) (times []float64, err error) {
	if err := e.fillForTuning(); err != nil {
		return nil, err
	}
	// Graphs hold the address of the scratch memory: it does not grow between them.
	room, refused := e.roomForTuning(candidates)
	timings := make([]*gpu.Timing, len(candidates))
	defer func() {
		for _, t := range timings {
			err = errors.Join(err, t.Close())
		}
	}()
	for i, x := range candidates {
		if x.scratch > room {
			continue
		}
		var why error
		if timings[i], why = e.backend.stream.NewTiming(x.run); why != nil && refused == nil {
			refused = fmt.Errorf("%s: %w", x.name, why)
		}
	}
	rounds := make([][]float64, len(candidates))
	timed := false
	for range tuneRounds {
		for i, t := range timings {
			if t == nil {
				continue
			}
			d, err := t.Take()
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", key, candidates[i].name, err)
			}
			rounds[i] = append(rounds[i], d.Seconds()*1e6)
			timed = true
		}
	}
	if !timed {
		return nil, fmt.Errorf("%s: %w", key, refused)
	}
	times = make([]float64, len(candidates))
	for i, r := range rounds {
		if slices.Sort(r); len(r) > 0 {
			times[i] = r[len(r)/2]
		}
	}
	return times, nil
}

// roomForTuning gets the most scratch memory that a candidate asks for and
// there is. The error is why there is not more.
func (e *executor) roomForTuning(candidates []candidate) (room int64, err error) {
	sizes := []int64{0}
	for _, x := range candidates {
		sizes = append(sizes, x.scratch)
	}
	slices.Sort(sizes)
	for _, room = range slices.Backward(slices.Compact(sizes)) {
		why := e.growScratch(room) // nothing to do for the last, 0 bytes
		if why == nil {
			break
		}
		err = why
	}
	return room, err
}

// tuningBlock is how many bytes are drawn; they repeat.
const tuningBlock = 1 << 20

// fillForTuning fills what steps read and write with numbers, once: a product of
// zeros takes less power than others, and so less time. Both halves of a word
// are numbers of 16 bits, whichever the type: 0.25 to 2 as bfloat16, 1.6 to 2 as
// float16, of either sign; so the word is one from 0.25 to 2 as float32.
func (e *executor) fillForTuning() error {
	if e.filledForTuning {
		return nil
	}
	e.filledForTuning = true
	rng := rand.New(rand.NewPCG(1, 1))
	half := func() int32 { return int32(0x3e80 + rng.IntN(0x180) | rng.IntN(2)<<15) }
	block := make([]int32, tuningBlock/4)
	for i := range block {
		block[i] = half()<<16 | half()
	}
	for _, b := range e.tunedMemory() {
		filled := min(b.Bytes, tuningBlock)
		if err := e.transfer.write(b.Ptr, nn.Bytes(block)[:filled]); err != nil {
			return err
		}
		for filled < b.Bytes {
			n := min(filled, b.Bytes-filled)
			if err := e.backend.stream.Copy(b.Ptr.Add(filled), b.Ptr, n); err != nil {
				return err
			}
			filled += n
		}
	}
	return nil
}

// endTuning makes all zeros that was so before, gives back scratch memory that
// only rivals needed, and keeps what was found.
func (e *executor) endTuning() error {
	e.compiled = true
	if !e.filledForTuning {
		return nil
	}
	for _, b := range e.tunedMemory() {
		if err := e.backend.stream.Fill(b.Ptr, 0, b.Bytes); err != nil {
			return err
		}
	}
	e.backend.tuner.save()
	return e.replaceScratch(e.scratchNeed)
}

// tunedMemory is what candidates read and write, their scratch memory excepted.
func (e *executor) tunedMemory() []*gpu.Buffer {
	all := append([]*gpu.Buffer{e.params16}, e.segments[:]...)
	return slices.DeleteFunc(all, func(b *gpu.Buffer) bool { return b == nil })
}

// tuningScope is what times measured on this backend hold for.
func (b *backend) tuningScope() nn.TuningScope {
	d := b.describe()
	return nn.TuningScope{
		Device: d.Name, ComputeCapability: d.ComputeCapability,
		Driver: d.Driver, CUDNN: d.CUDNN, CUBLAS: d.CUBLAS, Kernels: kernels.Fingerprint(),
	}
}
