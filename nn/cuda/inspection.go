package cuda

// Inspection is what this machine has for the backend.
type Inspection struct {
	Libraries []Library // the driver's first
	GPUs      []InspectedGPU
	NoGPU     error // why there is none, where the driver works
}

// Library is one that is opened when a program starts.
type Library struct {
	Name     string // as errors name it
	Driver   bool
	Path     string // empty: not found
	Version  string // of a driver: the newest CUDA that it knows
	Compiled string // the version of the headers that this build is for
	Err      error  // why it cannot be used
}

// InspectedGPU is a GPU that was opened and had the kernels loaded.
type InspectedGPU struct {
	Index             int    `json:"index"`
	Name              string `json:"name"`
	ComputeCapability string `json:"compute_capability"`
	Multiprocessors   int    `json:"multiprocessors"`
	Memory            int64  `json:"memory_bytes"`
	Free              int64  `json:"free_bytes"`
	Kernels           string `json:"kernels"` // what they were loaded from
	Compiled          error  `json:"-"`       // why they were compiled by the driver, where machine code would start faster
	Err               error  `json:"-"`       // why it cannot be used
}
