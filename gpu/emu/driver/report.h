// How a call fails, and what is told of it.
#pragma once

#include <cuda.h>

#include <string>

namespace emu {

// Refusal is thrown to end a call with a status. Statuses are the driver's in all three libraries; cuDNN's and cuBLAS's
// are translated where the call ends.
struct Refusal {
    CUresult status;
};

// violation reports a mistake of the caller and ends the call: it prints "emu: CALL: TEXT" on stderr. Unless the test
// expects it, the process is aborted there and then: a Go program leaves by the system call, so no exit handler could
// change its status later, and Go's answer to SIGABRT shows which goroutine was at fault.
[[noreturn]] void violation(CUresult status, const char *format, ...) __attribute__((format(printf, 2, 3)));

// require is a violation unless ok.
void require(bool ok, CUresult status, const char *format, ...) __attribute__((format(printf, 3, 4)));

// refuse ends the call too, but there is no mistake: the answer of a real library to a sensible question.
[[noreturn]] void refuse(CUresult status, const char *format, ...) __attribute__((format(printf, 2, 3)));

// explain makes last_text that of the call in progress, which ends with a status that a test asks for.
void explain(const char *format, ...) __attribute__((format(printf, 1, 2)));

// last_text is why the last call that failed on this thread did, "CALL: TEXT".
const std::string &last_text();

// Doing names what this thread is at while it lives: a call, or a piece of queued work.
class Doing {
  public:
    explicit Doing(const std::string &name);
    ~Doing();
    Doing(const Doing &) = delete;
    Doing &operator=(const Doing &) = delete;

  private:
    const std::string *before;
};

// doing_now is what this thread is at.
const std::string &doing_now();

// plain_name is a function's name without the version that the headers' macros append: cuMemAlloc_v2 is cuMemAlloc.
std::string plain_name(const std::string &name);

// count adds a run of something to the counts that RESNET_EMU_COUNT asks for.
void count(const char *kind, const std::string &name, size_t bytes = 0);

// counting says whether anything is counted.
bool counting();

// write_counts writes the file, one "kind name runs bytes" a line, if counts have changed. It is called wherever the
// host waits, for want of an exit handler.
void write_counts();

}  // namespace emu
