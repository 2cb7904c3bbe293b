// Package memorytest holds readers to a budget of memory.
package memorytest

import (
	"runtime"
	"testing"
)

// Limit runs f and fails the test if it has allocated more than so many bytes. All that was allocated counts, also what
// was freed in between: unlike a peak that is the same in every run. Other goroutines must not allocate meanwhile.
func Limit(t testing.TB, bytes uint64, f func()) {
	t.Helper()
	before := allocated()
	f()
	if n := allocated() - before; n > bytes {
		t.Errorf("allocated %d bytes, want at most %d", n, bytes)
	}
}

// allocated stops the world for a moment to count exactly: package runtime/metrics counts what a processor has taken
// from the heap for objects to come.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
