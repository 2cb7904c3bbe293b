//go:build nocuda

package train

import (
	"context"
	"errors"
	"testing"

	"resnet/nn/cuda"
	"resnet/nn/device"
)

// TestTheDeviceIsOpenedFirst: if neither the device nor the data set can be opened, the error is that of the device.
func TestTheDeviceIsOpenedFirst(t *testing.T) {
	c, o := small(t)
	o.Backend, o.Source = nil, nil
	c.Device, c.Dataset, c.DataDir = device.CUDA, "idx", t.TempDir()
	if _, err := Run(context.Background(), c, o); !errors.Is(err, cuda.ErrNoCUDA) {
		t.Errorf("error %v, want one that wraps %v", err, cuda.ErrNoCUDA)
	}
	c.Device = device.CPU
	if _, err := Run(context.Background(), c, o); err == nil || errors.Is(err, cuda.ErrNoCUDA) || exists(c.Output) {
		t.Errorf("error %v, want one of the data set and no run directory", err)
	}
}
