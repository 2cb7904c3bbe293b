//go:build nocuda

package nn

// NewCUDA is the backend "cuda:N"; this build has none.
func NewCUDA(CUDAConfig) (Backend, error) { return nil, ErrNoCUDA }

// CUDADevices is the number of GPUs; this build sees none.
func CUDADevices() (int, error) { return 0, ErrNoCUDA }

// CUDAInfo describes the GPU of a CUDA backend; ok is false for others.
func CUDAInfo(Backend) (d CUDADevice, ok bool) { return CUDADevice{}, false }
