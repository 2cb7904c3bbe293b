//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"resnet/gpu"
)

// candidate is one of several kernels or algorithms that compute the same. For measurements run is called many times,
// on memory whose contents do not matter.
type candidate struct {
	name    string
	scratch int64        // bytes of scratch memory that run needs
	run     func() error // queues the work as a step would
	// ofDNN says that run calls cuDNN, which may refuse: it runs once before it is relied on.
	ofDNN bool
	// refused is why cuDNN does not even list the candidate; else nil.
	refused error
	// lastResort is a kernel of our own that is taken only where cuDNN refuses all others. It is not measured, since
	// it would never win.
	lastResort bool
}

// choose returns the index of the candidate to use for key: that of tuner.pick among those that cuDNN does not refuse.
// An algorithm of cuDNN's list may still fail when it runs, so one that was not measured runs once here, outside any
// capture; if cuDNN refuses, the next is tried. An error is one that no other candidate could avoid, such as the loss
// of the device's context.
//
// Only Compile measures, because later the memory holds what a run needs. A smaller batch, which is bound later, takes
// the choice of the whole batch: a key holds the plan's batch size, not the binding's. Where cuDNN refuses it for that
// batch alone, it gets a choice of its own.
func (c *binding) choose(key string, candidates []candidate) (int, error) {
	t := c.backend.tuner
	if own := splitKey(key, c.n); len(t.refusedFor(own)) > 0 {
		key = own
	}
	ran := func(x candidate, why error) {
		switch {
		case why == nil:
			t.prove(key, c.n, x.name)
		case errors.Is(why, gpu.ErrRefused):
			key = t.refuseFor(key, c.n, x.name, refusal(why))
		}
	}
	for _, x := range candidates {
		if x.refused != nil {
			ran(x, x.refused)
		}
	}
	for {
		left, refused := t.left(key, candidates), len(t.refusedFor(key))
		i, choice, err := t.pick(key, names(left), c.measurement(key, left, ran))
		if err != nil && len(t.refusedFor(key)) > refused {
			continue // without those that were refused
		}
		if err != nil {
			return 0, err
		}
		if err = c.prove(key, left[i]); err == nil {
			t.settle(key, choice, left[i].name, c.compiled)
			return slices.IndexFunc(candidates, func(x candidate) bool { return x.name == left[i].name }), nil
		}
		if !errors.Is(err, gpu.ErrRefused) {
			return 0, fmt.Errorf("%s: %s: %w", key, left[i].name, err)
		}
		ran(left[i], err)
	}
}

// left lists the candidates that cuDNN does not refuse; the last resort only where there is no other.
func (t *tuner) left(key string, candidates []candidate) []candidate {
	refused := t.refusedFor(key)
	_, whole := refused[dnnItself]
	var left, last []candidate
	for _, x := range candidates {
		switch _, out := refused[x.name]; {
		case out, whole && x.ofDNN:
		case x.lastResort:
			last = append(last, x)
		default:
			left = append(left, x)
		}
	}
	if len(left) == 0 {
		return last
	}
	return left
}

func names(candidates []candidate) []string {
	list := make([]string, len(candidates))
	for i, x := range candidates {
		list[i] = x.name
	}
	return list
}

// measurement is a function that measures candidates, or nil after Compile.
func (c *binding) measurement(key string, candidates []candidate, ran func(x candidate, why error)) func() (
	[]float64, error) {
	if c.compiled {
		return nil
	}
	return func() ([]float64, error) { return c.measure(key, candidates, ran) }
}

// prove runs a candidate of cuDNN once, on memory whose contents do not matter, and waits for it. It does so once for
// each key and number of images. The error wraps gpu.ErrRefused if cuDNN refuses and the device still works.
func (c *binding) prove(key string, x candidate) error {
	if !x.ofDNN || c.backend.tuner.isProven(key, c.n, x.name) {
		return nil
	}
	c.usedForTuning = true
	if err := c.growScratch(x.scratch); err != nil {
		return err
	}
	why := x.run()
	if err := c.backend.alive(why); err != nil {
		return err
	}
	if why == nil {
		c.backend.tuner.prove(key, c.n, x.name)
	}
	return why
}

// provenKey names a candidate for a number of images.
func provenKey(key string, n int, name string) string { return fmt.Sprintf("%s n=%d %s", key, n, name) }

// prove records that a candidate ran, and isProven says whether it did.
func (t *tuner) prove(key string, n int, name string) { t.proven[provenKey(key, n, name)] = true }
func (t *tuner) isProven(key string, n int, name string) bool {
	return t.proven[provenKey(key, n, name)]
}

// alive waits for the stream. It returns an error if the device failed, where why, what cuDNN said about it, is no
// refusal.
func (b *backend) alive(why error) error {
	err := b.stream.Sync()
	if err != nil && why != nil {
		return fmt.Errorf("%w (after %v)", err, why)
	}
	return err
}

// refusal is why cuDNN refuses, for a record: the call, the status and cuDNN's own words.
func refusal(why error) string {
	var e *gpu.Error
	if !errors.As(why, &e) {
		return strings.TrimPrefix(why.Error(), "gpu: ")
	}
	short := *e
	short.Hint = ""
	return strings.TrimPrefix(short.Error(), "gpu: ")
}
