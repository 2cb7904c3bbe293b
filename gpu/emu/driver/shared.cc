#include "shared.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "block.h"
#include "memory.h"
#include "report.h"

// The linker sets these around the static __shared__ arrays of kernels that are no templates (host/cuda_host.h), and
// around all that begins as zeros, where those of templates are.
extern char shared_begin[] asm("__start_emu_shared") __attribute__((weak, visibility("hidden")));
extern char shared_end[] asm("__stop_emu_shared") __attribute__((weak, visibility("hidden")));
extern char zeros_begin[] asm("__bss_start") __attribute__((visibility("hidden")));
extern char zeros_end[] asm("_end") __attribute__((visibility("hidden")));

namespace emu {
namespace {

constexpr size_t kVector = 16;
constexpr size_t kMost = 256 << 10;  // more than any device has

size_t bytes;  // of the block's dynamic shared memory

// top is the end of the room for it: a page that cannot be touched.
char *top() {
    static char *const end = [] {
        const size_t page = sysconf(_SC_PAGESIZE);
        void *p = mmap(nullptr, kMost + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(static_cast<char *>(p) + kMost, page, PROT_NONE)) {
            perror("emu: shared memory");
            exit(2);
        }
        return static_cast<char *>(p) + kMost;
    }();
    return end;
}

char *dynamic() { return top() - (bytes + kVector - 1) / kVector * kVector; }

bool lies_in(const char *at, const char *begin, const char *end) { return at >= begin && at + kVector <= end; }

struct Copy {
    void *to;
    const void *from;
    unsigned group;
};

// Copies are a thread's, in the order in which it began them, and how many groups it has closed.
struct Copies {
    std::vector<Copy> pending;
    unsigned groups = 0;
};

std::vector<Copies> copies;  // by thread

}  // namespace

void fit_shared(size_t n) { bytes = n; }

void scribble_shared() {
    scribble(shared_begin, shared_end - shared_begin);
    scribble(dynamic(), bytes);
}

void *dynamic_shared() { return dynamic(); }

void require_shared(const void *p, const char *what) {
    const char *const at = static_cast<const char *>(p);
    const bool shared = lies_in(at, dynamic(), top()) || lies_in(at, shared_begin, shared_end) ||
                        lies_in(at, zeros_begin, zeros_end);
    require(shared, CUDA_ERROR_LAUNCH_FAILED, "thread %d: %s: the 16 bytes at %p are not in shared memory",
            current_thread(), what, p);
    require(reinterpret_cast<uintptr_t>(p) % kVector == 0, CUDA_ERROR_LAUNCH_FAILED,
            "thread %d: %s: %p is not a multiple of 16", current_thread(), what, p);
}

void copy_async(void *to, const void *from) {
    require_shared(to, "copy_async");
    require(reinterpret_cast<uintptr_t>(from) % kVector == 0, CUDA_ERROR_LAUNCH_FAILED,
            "thread %d: copy_async: %p in global memory is not a multiple of 16", current_thread(), from);
    Copies &c = copies[current_thread()];
    c.pending.push_back({to, from, c.groups});
    count("copy_async", doing_now(), kVector);
}

void copy_commit() { copies[current_thread()].groups++; }

void copy_wait_for(unsigned but_latest) {
    Copies &c = copies[current_thread()];
    size_t done = 0;
    for (; done < c.pending.size() && c.pending[done].group + but_latest < c.groups; done++)
        memcpy(c.pending[done].to, c.pending[done].from, kVector);
    c.pending.erase(c.pending.begin(), c.pending.begin() + done);
}

void land_copies() {
    for (Copies &c : copies) {
        for (const Copy &p : c.pending) memcpy(p.to, p.from, kVector);
        c.pending.clear();
    }
}

std::function<void()> hold_shared() {
    return [held = std::vector<char>(shared_begin, shared_end), held_dynamic = std::vector<char>(dynamic(), top()),
            held_copies = copies] {
        std::copy(held.begin(), held.end(), shared_begin);
        std::copy(held_dynamic.begin(), held_dynamic.end(), dynamic());
        copies = held_copies;
    };
}

void reset_copies(int threads) {
    copies.resize(threads);
    for (Copies &c : copies) {
        c.pending.clear();
        c.groups = 0;
    }
}

}  // namespace emu
