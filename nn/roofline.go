package nn

// Roofline is the most that a device reaches in the two things that a network is made of, measured: what an op is
// compared with (Williams, Waterman and Patterson 2009).
type Roofline struct {
	// CopyBytesPerSecond is a copy's within device memory, bytes read and bytes written together; 0: not measured.
	CopyBytesPerSecond float64
	// ProductFLOPS is a GPU's for a matrix product in the backend's precision, a CPU's for fused multiply-adds between
	// registers, in floating point operations a second; a multiply-add counts as 2.
	ProductFLOPS float64
	Sizes        RooflineSizes // that were measured
}

// RooflineSizes say how much is measured. Zeros stand for what leaves caches and start-up behind.
type RooflineSizes struct {
	CopyBytes int64   // GPU: of one copy; 0: 512 MiB, or eight times the second level cache where that is more
	Order     int     // GPU: of the square matrices; 0: 8192, in float32 4096
	Runs      int     // GPU: of each that are timed, after a quarter as many to warm up; 0: 20
	Seconds   float64 // CPU: 0: 0.3
}

// A RooflineMeter is a Backend that can measure its device's roofline. It takes the device memory of two copies or
// three matrices meanwhile; the error wraps ErrOutOfMemory where there is none.
type RooflineMeter interface {
	Roofline(s RooflineSizes) (Roofline, error)
}
