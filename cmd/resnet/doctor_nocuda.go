//go:build nocuda

package main

import (
	"fmt"

	"resnet/nn"
	"resnet/nn/train"
)

// examineGPU says that this build has no CUDA; that a GPU is asked for is an error then.
func examineGPU(d train.DeviceConfig) ([]finding, error) {
	if d.Device != train.DeviceAuto && d.Device != train.DeviceCPU {
		return nil, fmt.Errorf("doctor: device %s: %w", d.Device, nn.ErrNoCUDA)
	}
	return []finding{{Name: "build", State: stateOK, Text: "without CUDA", Hint: "for a GPU, a build with it: make cuda"}}, nil
}
