package cpu

import "runtime"

// PeakFMA runs n rounds of independent multiply-adds in registers and returns how many floating-point operations these
// are. Timing it measures the peak of one core. Compare with it only what is timed in the same run: clocks change.
func (k *Kernels) PeakFMA(n int) (flops int64) {
	if n <= 0 {
		return 0
	}
	k.vector.peakFMA(n, 0.5, 1)
	return int64(n) * k.peakFlops
}

func peakFMAGo(n int, c, d float32) {
	var x0, x1, x2, x3, x4, x5, x6, x7 float32
	for range n {
		x0 = x0*c + d
		x1 = x1*c + d
		x2 = x2*c + d
		x3 = x3*c + d
		x4 = x4*c + d
		x5 = x5*c + d
		x6 = x6*c + d
		x7 = x7*c + d
	}
	// Without a use of the sums the compiler would remove the loop.
	runtime.KeepAlive(x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7)
}
