#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "call.h"
#include "config.h"
#include "context.h"

namespace emu {
namespace {

struct Allocation {
    size_t bytes;
    int device;
    bool pinned;
    std::string made_by;
    char *pages;  // what was mapped, with the guards
    size_t mapped;
};

std::map<uintptr_t, Allocation> allocations;
std::map<int, size_t> used;  // device memory taken, by device

size_t page() { return sysconf(_SC_PAGESIZE); }

size_t up(size_t n, size_t to) { return (n + to - 1) / to * to; }

void *allocate(size_t bytes, bool pinned) {
    const int device = current_context()->device;
    require(bytes > 0, CUDA_ERROR_INVALID_VALUE, "0 bytes");
    const size_t free = config().memory - used[device];
    if (!pinned && bytes > free) refuse(CUDA_ERROR_OUT_OF_MEMORY, "%zu bytes of %zu", bytes, free);
    const size_t inside = up(up(bytes, 16), page()), mapped = inside + 2 * page();
    void *pages = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) refuse(CUDA_ERROR_OUT_OF_MEMORY, "the host has no %zu bytes", mapped);
    char *first = static_cast<char *>(pages) + page();
    if (mprotect(first, inside, PROT_READ | PROT_WRITE))
        refuse(CUDA_ERROR_OUT_OF_MEMORY, "the host has no %zu bytes", inside);
    scribble(first, inside);
    char *at = first + inside - up(bytes, 16);
    allocations[reinterpret_cast<uintptr_t>(at)] = {bytes, device, pinned, doing_now(), static_cast<char *>(pages),
                                                    mapped};
    if (!pinned) used[device] += bytes;
    return at;
}

// untouched says whether memory is still as scribble left it.
bool untouched(const char *from, const char *to, const char *origin) {
    const char garbage[2] = {static_cast<char>(kGarbage & 0xff), static_cast<char>(kGarbage >> 8)};
    for (const char *p = from; p < to; p++)
        if (*p != garbage[(p - origin) % 2]) return false;
    return true;
}

// unmap takes the memory away but keeps its addresses, so that a later use crashes.
void unmap(const Allocation &a) {
    if (!a.pinned) used[a.device] -= a.bytes;
    mmap(a.pages, a.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void release(uintptr_t at, bool pinned) {
    const auto found = allocations.find(at);
    require(found != allocations.end() && found->second.pinned == pinned, CUDA_ERROR_INVALID_VALUE,
            "%#zx is not the start of a live allocation of this sort", static_cast<size_t>(at));
    const Allocation a = found->second;
    allocations.erase(found);
    const char *first = a.pages + page(), *start = reinterpret_cast<const char *>(at),
               *last = a.pages + a.mapped - page();
    const bool intact = untouched(first, start, first) && untouched(start + a.bytes, last, first);
    unmap(a);
    require(intact, CUDA_ERROR_INVALID_VALUE, "something wrote just outside the %zu bytes from %s", a.bytes,
            a.made_by.c_str());
}

// holder is the live allocation that an address lies in, or null.
const std::pair<const uintptr_t, Allocation> *holder(uintptr_t at) {
    auto next = allocations.upper_bound(at);
    if (next == allocations.begin()) return nullptr;
    const auto &a = *--next;
    return at < a.first + a.second.bytes ? &a : nullptr;
}

void require_inside(uintptr_t at, size_t bytes, bool pinned, const std::string &what) {
    require(at || !bytes, CUDA_ERROR_INVALID_VALUE, "%s is null, want %zu bytes", what.c_str(), bytes);
    const auto *a = holder(at);
    const char *sort = pinned ? "pinned" : "device";
    require(a && a->second.pinned == pinned, CUDA_ERROR_INVALID_VALUE, "%s: %#zx is not in live %s memory",
            what.c_str(), at, sort);
    require(a->second.device == current_context()->device, CUDA_ERROR_INVALID_VALUE, "%s is on another device",
            what.c_str());
    const size_t room = a->first + a->second.bytes - at;
    require(bytes <= room, CUDA_ERROR_INVALID_VALUE, "%s: %zu bytes, but its allocation of %zu ends after %zu",
            what.c_str(), bytes, a->second.bytes, room);
}

}  // namespace

void scribble(void *at, size_t bytes) {
    static const std::vector<uint16_t> garbage(4096, kGarbage);
    char *to = static_cast<char *>(at);
    for (size_t done = 0; done < bytes;) {
        const size_t n = std::min(bytes - done, garbage.size() * sizeof kGarbage);
        memcpy(to + done, garbage.data(), n);
        done += n;
    }
}

void require_device(CUdeviceptr at, size_t bytes, const std::string &what) { require_inside(at, bytes, false, what); }

void require_pinned(CUdeviceptr at, size_t bytes, const std::string &what) { require_inside(at, bytes, true, what); }

std::string list_allocations(int device) {
    std::string list;
    for (const auto &[at, a] : allocations)
        if (a.device == device) list += "\n  " + std::to_string(a.bytes) + " bytes from " + a.made_by;
    return list;
}

void free_all(int device) {
    for (auto a = allocations.begin(); a != allocations.end();) {
        if (a->second.device == device) {
            unmap(a->second);
            a = allocations.erase(a);
        } else {
            ++a;
        }
    }
}

extern "C" {

CUresult cuMemGetInfo(size_t *free, size_t *total) {
    return driver(__func__, kContext, [&] {
        *total = config().memory;
        *free = *total - used[current_context()->device];
    });
}

CUresult cuMemAlloc(CUdeviceptr *at, size_t bytes) {
    return driver(__func__, kWaits, [&] {
        require(at, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        *at = reinterpret_cast<CUdeviceptr>(allocate(bytes, false));
    });
}

CUresult cuMemFree(CUdeviceptr at) {
    return driver(__func__, kWaits, [&] {
        wait_for_all(current_context());
        release(at, false);
        throw_if_failed(current_context());
    });
}

CUresult cuMemHostAlloc(void **at, size_t bytes, unsigned flags) {
    return driver(__func__, kWaits, [&] {
        require(at, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        require((flags & ~(CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED)) == 0,
                CUDA_ERROR_INVALID_VALUE, "flags %#x", flags);
        *at = allocate(bytes, true);
    });
}

CUresult cuMemFreeHost(void *at) {
    return driver(__func__, kWaits, [&] {
        wait_for_all(current_context());
        release(reinterpret_cast<uintptr_t>(at), true);
        throw_if_failed(current_context());
    });
}

}  // extern "C"

}  // namespace emu
