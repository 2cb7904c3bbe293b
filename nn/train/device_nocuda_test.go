//go:build nocuda

package train

import (
	"context"
	"errors"
	"testing"

	"resnet/nn"
)

// Where neither the device nor the data set can be opened, the device is what is
// wrong.
func TestTheDeviceIsOpenedFirst(t *testing.T) {
	c, o := small(t)
	o.Backend, o.Source = nil, nil
	c.Device, c.Dataset, c.DataDir = DeviceCUDA, "idx", t.TempDir()
	if _, err := Run(context.Background(), c, o); !errors.Is(err, nn.ErrNoCUDA) {
		t.Errorf("error %v, want one that wraps %v", err, nn.ErrNoCUDA)
	}
	c.Device = DeviceCPU
	if _, err := Run(context.Background(), c, o); err == nil || errors.Is(err, nn.ErrNoCUDA) || exists(c.Output) {
		t.Errorf("error %v, want one of the data set and no run directory", err)
	}
}
