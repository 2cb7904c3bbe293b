package nn

// Roofline is a device's measured peak in memory bandwidth and arithmetic, with which the speed of an op is compared
// (Williams, Waterman and Patterson 2009).
type Roofline struct {
	// CopyBytesPerSecond is the speed of a copy within device memory, bytes read plus bytes written; 0: not measured.
	CopyBytesPerSecond float64
	// ProductFLOPS is the speed in floating point operations a second, where a multiply-add counts as 2: on a GPU of a
	// matrix product in the backend's precision, on a CPU of fused multiply-adds between registers.
	ProductFLOPS float64
	Sizes        RooflineSizes // of the measurement
}

// RooflineSizes are the sizes of the measurement. The defaults, for zeros, are large enough that caches and start-up do
// not matter.
type RooflineSizes struct {
	CopyBytes int64   // GPU: size of the copy; default 512 MiB, or eight times the second level cache if that is more
	Order     int     // GPU: order of the square matrices; default 8192, in float32 4096
	Runs      int     // GPU: timed runs of each, after a quarter as many to warm up; default 20
	Seconds   float64 // CPU: duration; default 0.3
}

// A RooflineMeter is a Backend that can measure its device's roofline. Meanwhile it allocates two buffers of CopyBytes
// or three matrices; the error wraps ErrOutOfMemory where they do not fit.
type RooflineMeter interface {
	Roofline(s RooflineSizes) (Roofline, error)
}
