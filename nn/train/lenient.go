package train

import (
	"sync"

	"resnet/nn/safetensors"
)

// Lenient makes hooks that record a run unable to end it: warn gets their errors, the same one once. If Start fails,
// the others are not called.
func Lenient(h Hooks, warn func(error)) Hooks {
	l := &lenient{Hooks: h, warn: warn, seen: map[string]bool{}}
	return Hooks{
		Start: l.start, Step: leniently(l, h.Step), Epoch: l.epoch, Checkpoint: leniently(l, h.Checkpoint),
		End: leniently(l, h.End),
	}
}

func leniently[T any](l *lenient, hook func(*T) error) func(*T) error {
	return func(x *T) error {
		if l.off {
			return nil
		}
		return l.pass(call(hook, x))
	}
}

type lenient struct {
	Hooks
	warn func(error)
	off  bool       // Start has failed
	mu   sync.Mutex // hooks may wait for weights on another goroutine
	seen map[string]bool
}

// pass warns of an error that has not been seen.
func (l *lenient) pass(err error) error {
	if err == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.seen[err.Error()] {
		l.seen[err.Error()] = true
		l.warn(err)
	}
	return nil
}

func (l *lenient) start(i *StartInfo) error {
	own := *i
	own.OnWeights = l.onWeights(i.OnWeights)
	err := call(l.Start, &own)
	l.off = err != nil
	return l.pass(err)
}

func (l *lenient) epoch(i *EpochInfo) error {
	own := *i
	own.OnWeights = l.onWeights(i.OnWeights)
	return leniently(l, l.Epoch)(&own)
}

func (l *lenient) onWeights(register OnWeights) OnWeights {
	if register == nil {
		return nil
	}
	return func(f func([]safetensors.Tensor) error) {
		register(func(weights []safetensors.Tensor) error { return l.pass(f(weights)) })
	}
}
