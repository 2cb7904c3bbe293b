#include "config.h"

#include <cublas_v2.h>
#include <cuda.h>
#include <cudnn_version.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace emu {
namespace {

std::string text(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

bool flag(const char *name) { return text(name) == "1"; }

// bad ends the process: a test that runs under another setting than it asked for would prove nothing.
[[noreturn]] void bad(const std::string &name, const std::string &value, const char *want) {
    fprintf(stderr, "emu: %s: %s, want %s\n", name.c_str(), value.c_str(), want);
    exit(2);
}

long number(const std::string &name, const std::string &value) {
    char *end = nullptr;
    const long v = strtol(value.c_str(), &end, 10);
    if (value.empty() || *end || v < 0) bad(name, '"' + value + '"', "a whole number, 0 or more");
    return v;
}

long setting(const char *name, long otherwise) {
    const std::string value = text(name);
    return value.empty() ? otherwise : number(name, value);
}

Threads order_of_threads() {
    const std::string value = text("RESNET_EMU_THREADS");
    if (value == "reverse") return Threads::reverse;
    if (value == "shuffle") return Threads::shuffle;
    if (!value.empty() && value != "forward")
        bad("RESNET_EMU_THREADS", '"' + value + '"', "forward, reverse or shuffle");
    return Threads::forward;
}

Config read() {
    Config c;
    c.devices = setting("RESNET_EMU_DEVICES", 1);
    c.memory = static_cast<size_t>(setting("RESNET_EMU_MEMORY", 2048)) << 20;
    c.driver = setting("RESNET_EMU_DRIVER", CUDA_VERSION);
    c.cudnn = setting("RESNET_EMU_CUDNN", CUDNN_VERSION);
    c.cudart = setting("RESNET_EMU_CUDART", CUDA_VERSION);
    c.cublas = setting("RESNET_EMU_CUBLAS", CUBLAS_VERSION);
    c.capability = setting("RESNET_EMU_CC", 90);
    c.name = text("RESNET_EMU_NAME");
    if (c.name.empty()) c.name = "emulated GPU";
    c.eager = flag("RESNET_EMU_EAGER");
    const std::string order = text("RESNET_EMU_ORDER");
    if (!order.empty() && order != "others-first")
        bad("RESNET_EMU_ORDER", '"' + order + '"', "others-first or nothing");
    c.others_first = !order.empty();
    c.threads = order_of_threads();
    c.leaks = flag("RESNET_EMU_LEAKS");
    c.trace = flag("RESNET_EMU_TRACE");
    c.count_file = text("RESNET_EMU_COUNT");
    c.fail = parse_faults(text("RESNET_EMU_FAIL"));
    return c;
}

}  // namespace

std::vector<Fault> parse_faults(const std::string &list) {
    std::vector<Fault> faults;
    std::istringstream in(list);
    for (std::string item; std::getline(in, item, ',');) {
        const size_t colon = item.find(':'), at = item.find('@'), hash = item.find('#');
        const size_t name = std::min(hash, colon);
        if (name == 0 || colon == std::string::npos)
            bad("RESNET_EMU_FAIL", '"' + item + '"', "call:status, call#algorithm:status or call:status@nth");
        Fault f{item.substr(0, name), kAnyAlgorithm, 0, 0};
        if (hash < colon) f.algorithm = number("RESNET_EMU_FAIL", item.substr(hash + 1, colon - hash - 1));
        f.status = number("RESNET_EMU_FAIL", item.substr(colon + 1, at == std::string::npos ? at : at - colon - 1));
        if (at != std::string::npos) f.nth = number("RESNET_EMU_FAIL", item.substr(at + 1));
        faults.push_back(f);
    }
    return faults;
}

const Config &config() {
    static const Config c = read();
    return c;
}

bool expecting() { return flag("RESNET_EMU_EXPECT"); }

}  // namespace emu
