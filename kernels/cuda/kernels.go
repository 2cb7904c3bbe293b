//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"slices"

	"resnet/gpu"
)

// Kernels are the kernels loaded on a device. Executors may share them, as launches have no state.
//
// Each method queues its work on stream s and returns. Activations have type t, which must have been loaded.
// Activations and all that the documentation calls a tensor start at a multiple of 16 bytes; other addresses are
// multiples of their element's size. Tensors and batches have fewer than 2^31 elements. With no elements, nothing is
// launched.
type Kernels struct {
	// Code says what the kernels were loaded from.
	Code Code

	modules  []*gpu.Module
	fn       functions
	blocks   int  // of 256 threads that fill the device
	tensor   bool // the device has tensor cores for all types: compute capability 8.0 and later
	overlaps bool // see Overlaps
	shared   int  // bytes of shared memory that a block may have
}

// Selection says which kernels a run needs, besides those without an element type.
type Selection struct {
	Types  []gpu.DataType // of activations and of casts
	Tensor []gpu.DataType // of products on tensor cores; ignored below compute capability 8.0
}

// All selects every kernel.
func All() Selection {
	types := []gpu.DataType{gpu.Float32, gpu.Float16, gpu.BFloat16}
	return Selection{Types: types, Tensor: types}
}

// Supports returns an error if a device cannot run the kernels, whose PTX is for Turing and later.
func Supports(d *gpu.Device) error {
	if major, minor := d.ComputeCapability(); major < 7 || major == 7 && minor < 5 {
		return fmt.Errorf("cuda: %s has compute capability %d.%d, want 7.5 or later (GeForce RTX 20 and GTX 16, T4, "+
			"and what came after)", d.Name(), major, minor)
	}
	return nil
}

// Load loads kernels on a device: machine code from $RESNET_KERNELS or from the folder kernels beside the program, or
// else PTX, which the driver compiles.
func Load(d *gpu.Device, want Selection) (*Kernels, error) {
	if err := Supports(d); err != nil {
		return nil, err
	}
	major, _ := d.ComputeCapability()
	k := &Kernels{
		blocks:   d.Multiprocessors() * residentThreads / blockThreads,
		tensor:   major >= 8,
		overlaps: major >= overlapMajor,
		shared:   d.SharedMemory(),
	}
	if !k.tensor {
		want.Tensor = nil
	}
	err := k.load(d, k.fn.modules(want))
	for t := range typeNames {
		if err == nil && slices.Contains(want.Tensor, gpu.DataType(t)) {
			err = allowShared(k.fn.tensor(gpu.DataType(t)), k.shared)
		}
	}
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// TensorTypes lists the types whose products on tensor cores are loaded.
func (k *Kernels) TensorTypes() (list []gpu.DataType) {
	for t, f := range k.fn.product {
		if f != nil {
			list = append(list, gpu.DataType(t))
		}
	}
	return list
}

// allowShared lets each function use this much shared memory.
func allowShared(t table, bytes int) error {
	for _, f := range t {
		if err := (*f).SetSharedMemory(bytes); err != nil {
			return err
		}
	}
	return nil
}

// Close unloads the kernels.
func (k *Kernels) Close() error {
	var err error
	for _, m := range k.modules {
		err = errors.Join(err, m.Close())
	}
	return err
}
