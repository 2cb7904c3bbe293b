//go:build !linux

package cpu

// usableCPUs is unknown here, so no thread is pinned.
func usableCPUs() []int { return nil }

func pinThread(int) {}

func threadID() int { return 0 }
