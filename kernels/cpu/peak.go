package cpu

// PeakFMA runs n rounds of independent multiply-adds in registers and returns how many floating-point operations these
// are. Timing it measures the peak of one core. Compare with it only what is timed in the same run: clocks change.
func (k *Kernels) PeakFMA(n int) (flops int64) {
	if n <= 0 {
		return 0
	}
	k.vector.peakFMA(n, 0.5, 1)
	return int64(n) * k.peakFlops
}
