// Package memorytest holds readers to a budget of memory.
package memorytest

import (
	"runtime/metrics"
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

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
