#include "report.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "config.h"

namespace emu {
namespace {

const std::string nothing = "start";
thread_local const std::string *doing = &nothing;
thread_local std::string last;

// note writes what went wrong into the thread's last text.
void note(const char *format, va_list args) {
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    last = *doing + ": " + text;
}

[[noreturn]] void report(CUresult status) {
    fprintf(stderr, "emu: %s\n", last.c_str());
    if (!expecting()) abort();
    throw Refusal{status};
}

struct Tally {
    size_t runs = 0, bytes = 0;
};

std::map<std::pair<std::string, std::string>, Tally> tallies;
bool tallies_changed = false;

}  // namespace

void violation(CUresult status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    note(format, args);
    va_end(args);
    report(status);
}

void require(bool ok, CUresult status, const char *format, ...) {
    if (ok) return;
    va_list args;
    va_start(args, format);
    note(format, args);
    va_end(args);
    report(status);
}

void explain(const char *format, ...) {
    va_list args;
    va_start(args, format);
    note(format, args);
    va_end(args);
}

void refuse(CUresult status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    note(format, args);
    va_end(args);
    throw Refusal{status};
}

const std::string &last_text() { return last; }

Doing::Doing(const std::string &name) : before(doing) { doing = &name; }
Doing::~Doing() { doing = before; }

const std::string &doing_now() { return *doing; }

std::string plain_name(const std::string &name) {
    const size_t v = name.rfind("_v");
    const bool versioned = v != std::string::npos && name.find_first_not_of("0123456789", v + 2) == std::string::npos;
    // The algorithm queries' _v7 is part of their name.
    return versioned && name.compare(v, 3, "_v7") != 0 ? name.substr(0, v) : name;
}

bool counting() { return !config().count_file.empty(); }

void count(const char *kind, const std::string &name, size_t bytes) {
    if (!counting()) return;
    Tally &t = tallies[{kind, name}];
    t.runs++;
    t.bytes += bytes;
    tallies_changed = true;
}

void write_counts() {
    if (!tallies_changed) return;
    FILE *f = fopen(config().count_file.c_str(), "w");
    if (!f) {
        fprintf(stderr, "emu: RESNET_EMU_COUNT: cannot write %s\n", config().count_file.c_str());
        exit(2);
    }
    for (const auto &[key, t] : tallies)
        fprintf(f, "%s %s %zu %zu\n", key.first.c_str(), key.second.c_str(), t.runs, t.bytes);
    fclose(f);
    tallies_changed = false;
}

}  // namespace emu
