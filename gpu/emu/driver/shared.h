// A block's shared memory.
#pragma once

#include <cstddef>
#include <functional>

namespace emu {

// fit_shared makes room for so many bytes of dynamic shared memory. What runs over its end, rounded up to 16 bytes,
// crashes.
void fit_shared(size_t bytes);

// scribble_shared fills what a block finds in shared memory with garbage.
void scribble_shared();

// dynamic_shared is the block's dynamic shared memory.
void *dynamic_shared();

// require_shared is a violation unless the 16 bytes lie in shared memory, at a multiple of 16.
void require_shared(const void *at, const char *what);

// Copies from global memory that a thread does not wait for as it begins them: cp.async, its commit_group and its
// wait_group. The bytes move when the thread waits for their group, and not before.
void copy_async(void *shared16, const void *global16);
void copy_commit();
void copy_wait_for(unsigned but_latest);

// land_copies moves the bytes of all copies that threads have begun, as the device may at any time.
void land_copies();

// hold_shared puts the contents of shared memory and the copies aside; what it returns brings them back.
std::function<void()> hold_shared();

// reset_copies forgets the copies of the threads of the block before.
void reset_copies(int threads);

}  // namespace emu
