package cpu

import (
	"fmt"
	"math"
)

// floor returns the least value that a kernel lets its results have: 0 for ReLU, NaN for no limit. Kernels replace a
// value only where it compares below floor. A comparison with NaN is false, so one kernel serves both cases, and a NaN
// among the values stays NaN.
func floor(relu bool) float32 {
	if relu {
		return 0
	}
	return noFloor
}

var noFloor = float32(math.NaN())

// rowsOf returns the number of rows in a slice of n values with c channels.
func rowsOf(kernel string, n, c int) int {
	if c == 0 && n == 0 {
		return 0
	}
	if c == 0 || n%c != 0 {
		panic(fmt.Sprintf("cpu: %s: length %d is not a multiple of %d channels", kernel, n, c))
	}
	return n / c
}

// sameLen panics unless each of the slices has n values.
func sameLen(kernel string, n int, slices ...[]float32) {
	for _, s := range slices {
		if len(s) != n {
			panic(fmt.Sprintf("cpu: %s: slices of length %d and %d, want equal lengths", kernel, n, len(s)))
		}
	}
}
