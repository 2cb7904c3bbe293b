//go:build nocuda

package cuda

import "resnet/nn"

// NewCUDA is the backend "cuda:N"; this build has none.
func New(Config) (nn.Backend, error) { return nil, ErrNoCUDA }

// CUDADevices is the number of GPUs; this build sees none.
func Devices() (int, error) { return 0, ErrNoCUDA }

// CUDAInfo describes the GPU of a CUDA backend; ok is false for others.
func Describe(nn.Backend) (d nn.Device, ok bool) { return nn.Device{}, false }

// CUDATuning is what a CUDA backend has chosen so far; nil for others.
func Choices(nn.Backend) *nn.Tuning { return nil }

// MeasureCeilings measures what a CUDA backend's GPU reaches at most; ok is false for others.
func MeasureRoofline(nn.Backend, nn.RooflineSizes) (c nn.Roofline, ok bool, err error) {
	return nn.Roofline{}, false, nil
}
