package cpu

// PeakFMA runs n rounds of independent multiply-adds in registers and returns how many floating-point operations
// that was. Timed, it gives the peak of one core, to which the speed of a tile measured in the same run compares.
func (k *Kernels) PeakFMA(n int) (flops int64) {
	if n <= 0 {
		return 0
	}
	k.vector.peakFMA(n, 0.5, 1)
	return int64(n) * k.peakFlops
}
