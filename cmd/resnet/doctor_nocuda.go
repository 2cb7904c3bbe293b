//go:build nocuda

package main

import (
	"fmt"

	"resnet/nn/cuda"
	"resnet/nn/device"
)

// examineGPU says that this build has no CUDA; that a GPU is asked for is an error then.
func examineGPU(d device.Config) ([]finding, error) {
	if d.Device != device.Auto && d.Device != device.CPU {
		return nil, fmt.Errorf("doctor: device %s: %w", d.Device, cuda.ErrNoCUDA)
	}
	return []finding{{Name: "build", State: stateOK, Text: "without CUDA", Hint: "for a GPU, a build with it: make cuda"}}, nil
}
