//go:build !nocuda

package cuda

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// tuneRounds is how often each candidate is timed. Candidates take turns, so that a moment in which the device is slow
// does not hit one of them alone.
const tuneRounds = 5

// measure returns the median time of each candidate in microseconds. It is 0 for one that fails, that cannot be
// captured, or whose scratch memory does not fit. For each that was tried ran gets why it failed, or nil.
func (e *executor) measure(key string, candidates []candidate, ran func(x candidate, why error)) (
	times []float64, err error) {
	if err := e.fillForTuning(); err != nil {
		return nil, err
	}
	// Graphs hold the address of the scratch memory, so it must not grow after the first capture.
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
		timings[i], why = e.backend.stream.NewTiming(x.run)
		if why != nil {
			if err := e.backend.alive(why); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", key, x.name, err)
			}
			refused = cmp.Or(refused, fmt.Errorf("%s: %w", x.name, why))
		}
		ran(x, why)
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

// roomForTuning allocates scratch memory of the largest size that a candidate asks for and that fits. The error says
// why larger ones do not.
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

// tuningBlock is how many bytes of random numbers are generated; larger buffers repeat them.
const tuningBlock = 1 << 20

// fillForTuning fills the memory that steps read and write with random numbers, once: products of zeros take less power
// and so less time. The numbers make sense in every type. Each 16-bit half of a word is, of either sign, from 0.25 to 2
// as bfloat16 and from 1.6 to 2 as float16, and the word is from 0.25 to 2 as float32.
func (e *executor) fillForTuning() error {
	if e.filledForTuning {
		return nil
	}
	e.filledForTuning, e.usedForTuning = true, true
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

// endTuning ends the choices of Compile: it saves what was measured, makes the memory zeros again, and frees scratch
// memory that only candidates needed that were not chosen.
func (e *executor) endTuning() error {
	e.compiled = true
	if e.backend.tuner.measured {
		e.backend.tuner.save()
	}
	if !e.usedForTuning {
		return nil
	}
	for _, b := range e.tunedMemory() {
		if err := e.backend.stream.Fill(b.Ptr, 0, b.Bytes); err != nil {
			return err
		}
	}
	return e.replaceScratch(e.scratchNeed)
}

// tunedMemory lists the memory that candidates read and write, without scratch memory.
func (e *executor) tunedMemory() []*gpu.Buffer {
	all := append([]*gpu.Buffer{e.params16}, e.segments[:]...)
	return slices.DeleteFunc(all, func(b *gpu.Buffer) bool { return b == nil })
}

// tuningScope identifies the device and versions that measured times are valid for.
func (b *backend) tuningScope() nn.TuningScope {
	d := b.describe()
	return nn.TuningScope{
		Device: d.Name, ComputeCapability: d.ComputeCapability,
		Driver: d.Driver, CUDNN: d.CUDNN, CUBLAS: d.CUBLAS, Kernels: kernels.Fingerprint(),
	}
}
