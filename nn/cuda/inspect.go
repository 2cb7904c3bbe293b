//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"slices"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
)

// Inspect looks for the libraries, opens every GPU and tries its tensor cores, before anything else runs there. The
// Inspection must be closed. The error is nil: only a build without CUDA returns one.
func Inspect() (*Inspection, error) {
	found := &Inspection{}
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
		found.inspect(i)
	}
	return found, nil
}

// NeedsDriver returns the release of the NVIDIA driver, "580.65.06", that would prevent an error, or "" if another
// driver is no remedy or its release is not known.
func NeedsDriver(err error) string { return gpu.NeedsDriver(err) }

// inspect adds a GPU, and keeps its context unless a product was wrong.
func (i *Inspection) inspect(index int) {
	g := InspectedGPU{Index: index}
	release, err := gpu.Hold(index)
	if err != nil {
		g.Err = err
	} else if err := g.open(); g.right() {
		g.Err = err
		i.release = append(i.release, release)
	} else {
		release() // a fault may have ended the context: calls after it failed, and a backend needs a new one
	}
	i.GPUs = append(i.GPUs, g)
}

// right reports whether all products are.
func (g *InspectedGPU) right() bool {
	return !slices.ContainsFunc(g.Products, func(p Product) bool { return p.Err != nil })
}

// open opens the GPU and loads the kernels on it.
func (g *InspectedGPU) open() error {
	d, err := gpu.Open(g.Index)
	if err != nil {
		return err
	}
	major, minor := d.ComputeCapability()
	g.Name, g.ComputeCapability, g.Multiprocessors = d.Name(), fmt.Sprintf("%d.%d", major, minor), d.Multiprocessors()
	return errors.Join(g.load(d), d.Close())
}

// load loads the kernels and tries products on the tensor cores.
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
	for _, t := range k.TensorTypes() {
		err := k.CheckProduct(d, t)
		g.Products = append(g.Products, Product{kernels.ProductName(t), err})
		var fault *gpu.Error
		if errors.As(err, &fault) {
			break // the others would fail as well
		}
	}
	return k.Close()
}
