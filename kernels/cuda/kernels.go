//go:build !nocuda

package cuda

import (
	_ "embed"
	"errors"

	"resnet/gpu"
)

//go:embed kernels.ptx
var ptx []byte

// Kernels are the kernels loaded on a device. Executors may share them: a launch leaves nothing behind.
//
// Each method queues its work on stream s and returns. Activations are of type t and start at a multiple of 16 bytes,
// as does whatever else is called a tensor; other addresses are multiples of their elements. Tensors and batches have
// fewer than 2^31 elements. With none there is nothing to do.
type Kernels struct {
	module *gpu.Module
	fn     functions
	blocks int // of 256 threads, that fill the device
}

// Load compiles the kernels for a device.
func Load(d *gpu.Device) (*Kernels, error) {
	module, err := d.LoadModule("kernels", ptx)
	if err != nil {
		return nil, err
	}
	k := &Kernels{module: module, blocks: d.Multiprocessors() * residentThreads / blockThreads}
	for name, f := range k.fn.names() {
		if *f, err = module.Function(name); err != nil {
			return nil, errors.Join(err, module.Close())
		}
	}
	return k, nil
}

// Close unloads the kernels.
func (k *Kernels) Close() error { return k.module.Close() }
