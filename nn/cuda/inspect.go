//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
)

// Inspect looks for the libraries and opens every GPU. Its error is nil: only a build without CUDA returns one.
func Inspect() (Inspection, error) {
	var found Inspection
	for _, l := range gpu.Libraries() {
		lib := Library{
			Name: l.Name, Driver: l.Name == gpu.DriverLibrary, Path: l.Path, Version: l.VersionString(), Err: l.Err,
			Compiled: gpu.Library{Name: l.Name, Version: l.Compiled}.VersionString(),
		}
		// A driver that finds no GPU is not at fault; NoGPU has the error.
		if errors.Is(l.Err, gpu.ErrNoDevice) {
			lib.Err = nil
		}
		found.Libraries = append(found.Libraries, lib)
	}
	count, err := gpu.Count()
	if errors.Is(err, gpu.ErrNoDevice) {
		found.NoGPU = err
	}
	for i := range count {
		found.GPUs = append(found.GPUs, inspectGPU(i))
	}
	return found, nil
}

// inspectGPU opens a GPU and loads the kernels on it.
func inspectGPU(index int) (g InspectedGPU) {
	g.Index = index
	d, err := gpu.Open(index)
	if err != nil {
		g.Err = err
		return g
	}
	major, minor := d.ComputeCapability()
	g.Name, g.ComputeCapability, g.Multiprocessors = d.Name(), fmt.Sprintf("%d.%d", major, minor), d.Multiprocessors()
	g.Err = errors.Join(g.load(d), d.Close())
	return g
}

func (g *InspectedGPU) load(d *gpu.Device) (err error) {
	if g.Free, g.Memory, err = d.MemInfo(); err != nil {
		return err
	}
	defer d.Enter()()
	k, err := kernels.Load(d, kernels.All())
	if err != nil {
		return err
	}
	g.Kernels, g.Compiled = k.Code.String(), k.Code.Compiled
	return k.Close()
}
