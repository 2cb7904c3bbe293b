//go:build !linux

package cpu

// usableCPUs is implemented on Linux only; with nil no thread is pinned.
func usableCPUs() []int { return nil }

func pinThread(int) {}
