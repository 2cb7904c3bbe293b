//go:build nocuda

package nn

// NewCUDA is the backend "cuda:N"; this build has none.
func NewCUDA(CUDAConfig) (Backend, error) { return nil, ErrNoCUDA }

// CUDADevices is the number of GPUs; this build sees none.
func CUDADevices() (int, error) { return 0, ErrNoCUDA }

// CUDAInfo describes the GPU of a CUDA backend; ok is false for others.
func CUDAInfo(Backend) (d CUDADevice, ok bool) { return CUDADevice{}, false }

// CUDATuning is what a CUDA backend has chosen so far; nil for others.
func CUDATuning(Backend) *Tuning { return nil }

// MeasureCeilings measures what a CUDA backend's GPU reaches at most; ok is false for others.
func MeasureCeilings(Backend, CeilingSizes) (c Ceilings, ok bool, err error) {
	return Ceilings{}, false, nil
}
