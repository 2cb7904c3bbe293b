package nn

// Ceilings are the most that a device reaches in the two things that a network
// is made of, measured: what an op is held against.
type Roofline struct {
	// CopyBytesPerSecond is a copy's within device memory, bytes read and bytes
	// written together.
	CopyBytesPerSecond float64
	// ProductFLOPS is a matrix product's in the backend's precision, in floating
	// point operations a second; a multiply-add counts as 2.
	ProductFLOPS float64
	// Sizes are those that were measured.
	Sizes RooflineSizes
}

// CeilingSizes say how much is copied and multiplied. Zeros stand for what
// leaves caches and start-up behind.
type RooflineSizes struct {
	CopyBytes int64 // of one copy; 0: 512 MiB, or eight times the second level cache where that is more
	Order     int   // of the square matrices; 0: 8192, in float32 4096
	Runs      int   // of each that are timed, after a quarter as many to warm up; 0: 20
}
