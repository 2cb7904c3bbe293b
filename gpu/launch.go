//go:build !nocuda

package gpu

/*
#cgo noescape launch
#cgo nocallback launch

#include <cuda.h>

static CUresult launch(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
		unsigned shared, CUstream stream, void *args, size_t bytes) {
	void *extra[] = {
		CU_LAUNCH_PARAM_BUFFER_POINTER, args,
		CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
		CU_LAUNCH_PARAM_END,
	};
	return cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, stream, NULL, extra);
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
	function C.CUfunction
	name     string
}

// Function finds a kernel. It lives as long as the module.
func (m *Module) Function(name string) (*Function, error) {
	f, err := m.module.Function(name)
	if err != nil {
		return nil, driverError("cuModuleGetFunction", m.name+" "+name, bindingCode(err))
	}
	return &Function{function: C.CUfunction(field0(unsafe.Pointer(&f))), name: name}, nil
}

// SetSharedMemory lets a block of the kernel have bytes of shared memory, its static arrays included; without it that
// is 48 KiB. See Device.SharedMemory for the most there is.
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

// Dim3 counts blocks of a grid or threads of a block.
type Dim3 struct{ X, Y, Z int }

// Launch puts the kernel on a stream: grid blocks of block threads, each with shared bytes of dynamic shared memory.
// Args are copied before it returns.
func (f *Function) Launch(s *Stream, grid, block Dim3, shared int, args *Args) error {
	status := C.launch(f.function,
		C.uint(grid.X), C.uint(grid.Y), C.uint(grid.Z), C.uint(block.X), C.uint(block.Y), C.uint(block.Z),
		C.uint(shared), s.handle(), unsafe.Pointer(&args.block), C.size_t(args.bytes))
	if status != C.CUDA_SUCCESS {
		return driverError("cuLaunchKernel", f.name, int(status))
	}
	return nil
}

// maxArgs is the most bytes of arguments that Args holds.
const maxArgs = 1024

// Args are a kernel's arguments in the order of its parameters, each aligned to its size, as the compiler lays them
// out. The zero value is empty; it needs no memory beside itself.
type Args struct {
	block [maxArgs]byte
	bytes int
}

// next makes room for an argument of 4 or 8 bytes.
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
