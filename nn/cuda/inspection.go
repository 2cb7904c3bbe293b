package cuda

import "errors"

// Inspection lists the libraries and GPUs that this machine has for the backend.
type Inspection struct {
	Libraries []Library // the driver's first
	GPUs      []InspectedGPU
	NoGPU     error // why there is no GPU, where the driver works

	release []func() error
}

// Close releases the GPUs' contexts, which Inspect keeps for backends that are opened before: a new context takes
// tenths of a second.
func (i *Inspection) Close() error {
	var errs []error
	for _, release := range i.release {
		errs = append(errs, release())
	}
	i.release = nil
	return errors.Join(errs...)
}

// Library is a shared library that the backend opens when a program starts.
type Library struct {
	Name     string // as errors name it
	Driver   bool
	Path     string // empty: not found
	Version  string // of the driver: the newest CUDA version that it supports
	Compiled string // the version of the headers that this build was compiled with
	Err      error  // why it cannot be used
}

// InspectedGPU is a GPU that Inspect opened and loaded the kernels on.
type InspectedGPU struct {
	Index             int    `json:"index"`
	Name              string `json:"name"`
	ComputeCapability string `json:"compute_capability"`
	Multiprocessors   int    `json:"multiprocessors"`
	Memory            int64  `json:"memory_bytes"`
	Free              int64  `json:"free_bytes"`
	Kernels           string `json:"kernels"` // what the kernels were loaded from
	// Products are the products of one instruction that Inspect tried on the tensor cores. There are none below compute
	// capability 8.0.
	Products []Product `json:"-"`
	// Compiled is why the driver compiled the kernels, where machine code would start faster.
	Compiled error `json:"-"`
	Err      error `json:"-"` // why the GPU cannot be used
}

// Product is an instruction of the tensor cores, "bf16 m16n8k16", and what is wrong with its result on operands of
// which all sums are exact; nil: nothing.
type Product struct {
	Name string
	Err  error
}
