// Copies and fills.
#include <cstring>

#include "call.h"
#include "context.h"
#include "memory.h"
#include "queue.h"

namespace emu {
namespace {

void *pointer(CUdeviceptr p) { return reinterpret_cast<void *>(p); }

Op copy(const char *name, void *to, const void *from, size_t bytes) {
    return {"copy", name, [=] { memcpy(to, from, bytes); }, {}, bytes};
}

Op to_device(CUdeviceptr to, const void *from, size_t bytes) {
    Op op = copy("host to device", pointer(to), from, bytes);
    op.uses = {{to, bytes, "the destination"}};
    return op;
}

Op to_host(void *to, CUdeviceptr from, size_t bytes) {
    Op op = copy("device to host", to, pointer(from), bytes);
    op.uses = {{from, bytes, "the source"}};
    return op;
}

Op on_device(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    Op op = copy("device to device", pointer(to), pointer(from), bytes);
    op.uses = {{to, bytes, "the destination"}, {from, bytes, "the source"}};
    require_apart(op.uses[0], op.uses[1]);
    return op;
}

template <typename Word> Op fill(CUdeviceptr to, Word word, size_t n) {
    const size_t bytes = n * sizeof(Word);
    require(to % sizeof(Word) == 0, CUDA_ERROR_INVALID_VALUE, "the destination is not a multiple of %zu", sizeof(Word));
    const auto run = [=] {
        Word *words = static_cast<Word *>(pointer(to));
        for (size_t i = 0; i < n; i++) words[i] = word;
    };
    return {"copy", "fill", run, {{to, bytes, "the destination"}}, bytes};
}

// give_work puts the work on a stream; there is nothing to do for no bytes.
void give_work(CUstream handle, const Op &op) {
    if (op.bytes) give(stream_of(handle), op);
}

// do_and_wait is what the calls do that take no stream: their work is the default stream's.
void do_and_wait(const Op &op) {
    give_work(nullptr, op);
    wait_for(tail(stream_of(nullptr)));
    throw_if_failed(current_context());
}

}  // namespace

extern "C" {

CUresult cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t bytes) {
    return driver(__func__, kWaits, [&] { do_and_wait(to_device(to, from, bytes)); });
}

CUresult cuMemcpyDtoH(void *to, CUdeviceptr from, size_t bytes) {
    return driver(__func__, kWaits, [&] { do_and_wait(to_host(to, from, bytes)); });
}

CUresult cuMemcpyDtoD(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    return driver(__func__, kWaits, [&] { do_and_wait(on_device(to, from, bytes)); });
}

// From and to pageable memory the driver would copy in step with the host, and not at all in a capture.
CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
    return driver(__func__, kGivesWork, [&] {
        Op op = to_device(to, from, bytes);
        op.uses.push_back({reinterpret_cast<CUdeviceptr>(from), bytes, "the source", true});
        give_work(stream, op);
    });
}

CUresult cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
    return driver(__func__, kGivesWork, [&] {
        Op op = to_host(to, from, bytes);
        op.uses.push_back({reinterpret_cast<CUdeviceptr>(to), bytes, "the destination", true});
        give_work(stream, op);
    });
}

CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    return driver(__func__, kGivesWork, [&] { give_work(stream, on_device(to, from, bytes)); });
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char byte, size_t n, CUstream stream) {
    return driver(__func__, kGivesWork, [&] { give_work(stream, fill(to, byte, n)); });
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned word, size_t n, CUstream stream) {
    return driver(__func__, kGivesWork, [&] { give_work(stream, fill(to, word, n)); });
}

}  // extern "C"

}  // namespace emu
