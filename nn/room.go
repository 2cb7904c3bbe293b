package nn

import (
	"errors"
	"fmt"
	"math"

	"resnet/data/memory"
)

// A MemoryChecker is a Backend that knows beforehand whether the memory suffices.
type MemoryChecker interface {
	// CheckMemory returns the error that Compile would return for want of memory, without allocating any.
	CheckMemory(g *Graph, c PlanConfig) error
}

// Room is the memory that a device has left for a network, or that of the host.
type Room struct {
	Of string // whose memory it is: "this machine"
	// Have returns how many bytes there are. It may make room for what is needed first.
	Have func(need int64) (int64, error)
	// Need returns what Compile would allocate at least, and at most. Check calls it once for what fits.
	Need func(g *Graph, c PlanConfig) (least, most int64, err error)
}

// Check returns a *TooLarge if Compile would need more than there is.
func (r Room) Check(g *Graph, c PlanConfig) error {
	need, _, err := r.need(g, c)
	var e *TooLarge
	if err != nil && !errors.As(err, &e) {
		return err
	}
	if e == nil {
		have, err := r.Have(need)
		if err != nil || need <= have {
			return err
		}
		e = &TooLarge{TooLarge: memory.TooLarge{Need: need, Have: have, Of: r.Of}, Network: g.Name, Batch: c.Batch}
	}
	// What is left changes by itself, so a proposal leaves some of it.
	room := e.Have - e.Have/16
	if e.Batch > 0 {
		if e.Fits, err = r.largest(g, c, room); err != nil {
			return err
		}
	}
	if e.Fits == 0 && g.Smaller != nil {
		e.Smaller = g.Smaller(func(g *Graph) bool {
			_, need, err := r.need(g, c)
			return err == nil && need <= room
		})
	}
	return e
}

// largest is the largest batch with which the network takes at most so many bytes, or 0.
func (r Room) largest(g *Graph, c PlanConfig, bytes int64) (int, error) {
	fits, exceeds := 0, c.Batch
	c.EvalBatch = 0 // follows the batch or is chosen, see PlanConfig.EvalImages
	for exceeds-fits > 1 {
		c.Batch = fits + (exceeds-fits)/2
		_, need, err := r.need(g, c)
		if err != nil {
			return 0, err
		}
		if need <= bytes {
			fits = c.Batch
		} else {
			exceeds = c.Batch
		}
	}
	round := 1 // to two digits
	for fits/round >= 100 {
		round *= 10
	}
	return fits / round * round, nil
}

// need is Need, with math.MaxInt64 for a plan that is too large to be counted.
func (r Room) need(g *Graph, c PlanConfig) (least, most int64, err error) {
	least, most, err = r.Need(g, c)
	if errors.Is(err, errUncountable) {
		return math.MaxInt64, math.MaxInt64, nil
	}
	return least, most, err
}

// errUncountable is the error of a plan with more than maxElems values. No device has memory for it.
var errUncountable = fmt.Errorf("tensors of more than 2^50 values: %w", ErrOutOfMemory)

// TooLarge is the error of a network that needs more memory than there is. It is an ErrOutOfMemory.
type TooLarge struct {
	memory.TooLarge
	Network string
	Batch   int // 0: the network does not fit with any
	Fits    int // a batch size that fits, nearly the largest; 0: none
	// Smaller is how to ask for a smaller network that fits; "": not known.
	Smaller string
}

func (e *TooLarge) Error() string {
	at := "with its parameters and one image"
	if e.Batch > 0 {
		at = fmt.Sprintf("at batch size %d", e.Batch)
	}
	hint := "want a smaller network or smaller images"
	switch {
	case e.Fits > 0:
		hint = fmt.Sprintf("batch size %d fits", e.Fits)
	case e.Smaller != "":
		hint = e.Smaller + " fits"
	}
	return fmt.Sprintf("nn: %s %s %v; %s", e.Network, at, &e.TooLarge, hint)
}

// Is makes it an ErrOutOfMemory.
func (e *TooLarge) Is(target error) bool { return target == ErrOutOfMemory }

// Unwrap returns the sizes alone.
func (e *TooLarge) Unwrap() error { return &e.TooLarge }
