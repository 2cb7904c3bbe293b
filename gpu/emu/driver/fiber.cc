#include "fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

// emu_switch saves the registers that a call preserves on the current stack, stores its pointer, and goes on where the
// other stack was left (switch.S).
extern "C" void emu_switch(void **save, void *other);

// emu_fiber_start is where a new fiber begins: it calls the function in the register that a fresh stack sets.
extern "C" void emu_fiber_start();

namespace emu {
namespace {

constexpr size_t kStack = 256 << 10;

#if defined(__x86_64__)
constexpr int kSaved = 7, kMain = 4, kReturn = 6;  // words that emu_switch pops; of these, rbx and the return address
#elif defined(__aarch64__)
constexpr int kSaved = 20, kMain = 0, kReturn = 11;  // words; x19 and x30
#else
#error "no context switch for this processor: add one to switch.S"
#endif

// One thread at a time runs kernels.
void *resumer;  // where the running fiber was resumed from

// map_stack is a stack with a page below it that cannot be touched.
char *map_stack() {
    const size_t page = sysconf(_SC_PAGESIZE);
    void *p = mmap(nullptr, kStack + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p, page, PROT_NONE)) {
        perror("emu: a kernel thread's stack");
        exit(2);
    }
    return static_cast<char *>(p) + page;
}

// colour moves the beginnings of stacks apart, or they would all fall into the same sets of the cache.
size_t colour() {
    static size_t stacks = 0;
    return stacks++ % 64 * 192;
}

}  // namespace

Fiber *Fiber::running;

Fiber::Fiber(void (*m)()) : main(m), stack(map_stack()), begin(stack + kStack - colour()) { restart(); }

Fiber::~Fiber() {
    const size_t page = sysconf(_SC_PAGESIZE);
    munmap(stack - page, kStack + page);
}

void Fiber::restart() {
    // Once they are popped the stack pointer is a multiple of 16, as calls want it.
    void **words = reinterpret_cast<void **>(begin) - 2 - kSaved;
    for (int i = 0; i < kSaved; i++) words[i] = nullptr;
    words[kMain] = reinterpret_cast<void *>(main);
    words[kReturn] = reinterpret_cast<void *>(emu_fiber_start);
    top = words;
}

void Fiber::resume() {
    running = this;
    emu_switch(&resumer, top);
}

void Fiber::yield() { emu_switch(&running->top, resumer); }

void Fiber::pass(Fiber &to) {
    Fiber *const from = running;
    running = &to;
    emu_switch(&from->top, to.top);
}

}  // namespace emu
