// Kernels that may begin before the kernel in front of them in a stream has ended: programmatic dependent launch, from
// compute capability 9.0 on. How a launch asks for it is described at Go's gpu.LaunchOptions.
//
// A kernel releases the next one only after it has waited itself. So when a kernel begins, all kernels but the one in
// front have ended, and what it does before it waits may use all memory that the one in front neither reads nor writes.
// If the kernel was launched in the plain way, the waits return at once. The PTX for older GPUs is the same without the
// two instructions (compile.sh).
#pragma once

#ifdef __CUDACC__

// wait_for_previous returns when the kernel in front has ended and its writes can be read. All threads must call it.
__device__ inline void wait_for_previous() { asm volatile("griddepcontrol.wait;" ::: "memory"); }

// release_next lets the next kernel begin when all blocks have called it or ended.
__device__ inline void release_next() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }

#else

__device__ inline void wait_for_previous() { emu::wait_for_grid(); }
__device__ inline void release_next() { emu::release_next(); }

#endif

// follow_previous is the first thing in a kernel that does nothing before it waits.
__device__ inline void follow_previous() {
    wait_for_previous();
    release_next();
}
