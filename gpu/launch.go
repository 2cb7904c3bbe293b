//go:build !nocuda

package gpu

/*
#cgo noescape launch
#cgo nocallback launch
#cgo noescape launchWith
#cgo nocallback launchWith

#include <cuda.h>

typedef struct {
	unsigned gx, gy, gz, bx, by, bz, shared;
} launchSize;

static CUresult launch(CUfunction f, launchSize n, CUstream stream, void *args, size_t bytes) {
	void *extra[] = {
		CU_LAUNCH_PARAM_BUFFER_POINTER, args,
		CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
		CU_LAUNCH_PARAM_END,
	};
	return cuLaunchKernel(f, n.gx, n.gy, n.gz, n.bx, n.by, n.bz, n.shared, stream, NULL, extra);
}

static CUresult launchWith(CUfunction f, launchSize n, CUstream stream, void *args, size_t bytes, int mostShared,
		int dependent) {
#if CUDA_VERSION >= 13000
	void *extra[] = {
		CU_LAUNCH_PARAM_BUFFER_POINTER, args,
		CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
		CU_LAUNCH_PARAM_END,
	};
	CUlaunchAttribute attributes[2] = {{0}};
	CUlaunchConfig config = {
		.gridDimX = n.gx, .gridDimY = n.gy, .gridDimZ = n.gz,
		.blockDimX = n.bx, .blockDimY = n.by, .blockDimZ = n.bz,
		.sharedMemBytes = n.shared, .hStream = stream, .attrs = attributes,
	};
	if (mostShared) {
		attributes[config.numAttrs].id = CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
		attributes[config.numAttrs++].value.sharedMemCarveout = 100;
	}
	if (dependent) {
		attributes[config.numAttrs].id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
		attributes[config.numAttrs++].value.programmaticStreamSerializationAllowed = 1;
	}
	return cuLaunchKernelEx(&config, f, NULL, extra);
#else
	return CUDA_ERROR_NOT_SUPPORTED;
#endif
}
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Function is a kernel of a module.
type Function struct {
	function    C.CUfunction
	name        string
	cooperation Cooperation
}

// Cooperation is what a kernel does for launches that overlap (LaunchOptions.Overlap).
type Cooperation struct {
	// Waits says that every thread of the kernel executes griddepcontrol.wait, and before it touches no memory that the
	// kernel in front of it, or one that may run beside that, reads or writes.
	Waits bool
	// Releases says that the kernel executes griddepcontrol.launch_dependents, after griddepcontrol.wait.
	Releases bool
}

// Cooperates says what the kernel does for launches that overlap. Without it, it is launched the plain way.
func (f *Function) Cooperates(c Cooperation) { f.cooperation = c }

// LaunchOptions say how kernels are launched that Function.Launch queues on a stream. Options other than the zero value
// need CUDA 13's headers.
type LaunchOptions struct {
	// MostShared asks the driver to use all of the memory that is shared memory or L1 cache as shared memory. If all
	// kernels ask for the same, a multiprocessor need not be empty before the next one starts.
	MostShared bool
	// Overlap launches a kernel that waits, right after one that releases, when all blocks of that one have released
	// it: it then starts, up to its wait, while the one in front still runs.
	Overlap bool
}

// SetLaunchOptions sets the options of later launches on the stream.
func (s *Stream) SetLaunchOptions(o LaunchOptions) { s.options = o }

// Function finds a kernel, which is valid as long as its module.
func (m *Module) Function(name string) (*Function, error) {
	f, err := m.module.Function(name)
	if err != nil {
		return nil, driverError("cuModuleGetFunction", m.name+" "+name, bindingCode(err))
	}
	return &Function{function: C.CUfunction(field0(unsafe.Pointer(&f))), name: name}, nil
}

// SetSharedMemory raises the limit of shared memory per block of the kernel, static arrays included, from 48 KiB to the
// given bytes. Device.SharedMemory is the maximum.
func (f *Function) SetSharedMemory(bytes int) error {
	var static C.int
	status := C.cuFuncGetAttribute(&static, C.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, f.function)
	if status != C.CUDA_SUCCESS {
		return driverError("cuFuncGetAttribute", f.name, int(status))
	}
	dynamic := C.int(bytes) - static
	status = C.cuFuncSetAttribute(f.function, C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, dynamic)
	if status != C.CUDA_SUCCESS {
		return driverError("cuFuncSetAttribute", f.name, int(status))
	}
	return nil
}

// Dim3 is the number of blocks of a grid or of threads of a block, in three dimensions.
type Dim3 struct{ X, Y, Z int }

// Launch queues the kernel on a stream: grid blocks of block threads, each block with shared bytes of dynamic shared
// memory. It copies args before it returns.
func (f *Function) Launch(s *Stream, grid, block Dim3, shared int, args *Args) error {
	size := C.launchSize{
		gx: C.uint(grid.X), gy: C.uint(grid.Y), gz: C.uint(grid.Z),
		bx: C.uint(block.X), by: C.uint(block.Y), bz: C.uint(block.Z), shared: C.uint(shared),
	}
	o := s.options
	o.Overlap = o.Overlap && s.released && f.cooperation.Waits
	s.released = f.cooperation.Releases
	call, status := "cuLaunchKernel", C.CUresult(C.CUDA_SUCCESS)
	if o == (LaunchOptions{}) {
		status = C.launch(f.function, size, s.handle(), unsafe.Pointer(&args.block), C.size_t(args.bytes))
	} else {
		call = "cuLaunchKernelEx"
		status = C.launchWith(f.function, size, s.handle(), unsafe.Pointer(&args.block), C.size_t(args.bytes),
			flag(o.MostShared), flag(o.Overlap))
	}
	if status != C.CUDA_SUCCESS {
		return driverError(call, f.name, int(status))
	}
	return nil
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// maxArgs is the capacity of Args in bytes.
const maxArgs = 1024

// Args are the arguments of a kernel in the order of its parameters, each aligned to its size, as the compiler lays
// them out. The zero value is empty. Adding arguments does not allocate.
type Args struct {
	block [maxArgs]byte
	bytes int
}

// next returns the memory of the next argument, of 4 or 8 bytes.
func (a *Args) next(size int) []byte {
	at := (a.bytes + size - 1) &^ (size - 1)
	if at+size > maxArgs {
		panic(fmt.Sprintf("gpu: Args: more than %d bytes", maxArgs))
	}
	a.bytes = at + size
	return a.block[at:a.bytes]
}

// Ptr adds an address.
func (a *Args) Ptr(p Ptr) { binary.NativeEndian.PutUint64(a.next(8), uint64(p)) }

// Int32 adds an int32_t.
func (a *Args) Int32(v int32) { a.Uint32(uint32(v)) }

// Uint32 adds a uint32_t.
func (a *Args) Uint32(v uint32) { binary.NativeEndian.PutUint32(a.next(4), v) }

// Int64 adds an int64_t.
func (a *Args) Int64(v int64) { binary.NativeEndian.PutUint64(a.next(8), uint64(v)) }

// Float32 adds a float.
func (a *Args) Float32(v float32) { a.Uint32(math.Float32bits(v)) }

// Float64 adds a double.
func (a *Args) Float64(v float64) { binary.NativeEndian.PutUint64(a.next(8), math.Float64bits(v)) }
