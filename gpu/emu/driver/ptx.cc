#include "ptx.h"

#include <regex>

namespace emu {
namespace {

// type_bytes is the size of ".u64", ".f32", ".b8" and the like.
size_t type_bytes(const std::string &type) { return std::stoul(type.substr(2)) / 8; }

// param_bytes reads one declaration: ".param .u64 .ptr .global .align 1 name" or ".param .align 4 .b8 name[12]".
bool param_bytes(const std::string &param, size_t &bytes) {
    static const std::regex form(
        R"(^\s*\.param\s+(?:\.align\s+\d+\s+)?(\.[usfb]\d+)\s+)"
        R"((?:\.ptr\s+(?:\.\w+\s+)?(?:\.align\s+\d+\s+)?)?\w+(?:\[(\d+)\])?\s*$)");
    std::smatch m;
    if (!std::regex_match(param, m, form)) return false;
    bytes = type_bytes(m[1]) * (m[2].matched ? std::stoul(m[2]) : 1);
    return true;
}

std::vector<std::string> split(const std::string &list) {
    std::vector<std::string> items;
    size_t from = 0;
    while (list.find_first_not_of(" \t\n", from) != std::string::npos) {
        const size_t comma = std::min(list.find(',', from), list.size());
        items.push_back(list.substr(from, comma - from));
        from = comma + 1;
        if (from > list.size()) break;
    }
    return items;
}

struct SharedArray {
    std::string name;
    size_t align, bytes;
};

// each_at calls f with what form, which begins with word, matches at each place of that word.
template <typename F> void each_at(const std::string &text, const char *word, const std::regex &form, F f) {
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        std::smatch m;
        if (std::regex_search(text.begin() + at, text.end(), m, form, std::regex_constants::match_continuous)) f(m, at);
    }
}

// shared_arrays finds all that the text declares; those of templates stand outside the kernels, and those that are
// extern are dynamic shared memory, which a launch brings.
std::vector<SharedArray> shared_arrays(const std::string &text) {
    static const std::regex form(R"(\.shared\s+\.align\s+(\d+)\s+(\.[usfb]\d+)\s+(\w+)\b(?:\[(\d+)\]|(?!\[)))");
    std::vector<SharedArray> found;
    each_at(text, ".shared", form, [&](const std::smatch &m, size_t) {
        found.push_back({m[3], std::stoul(m[1]), type_bytes(m[2]) * (m[4].matched ? std::stoul(m[4]) : 1)});
    });
    return found;
}

// shared_bytes adds up the arrays that a body names, each aligned as it asks.
size_t shared_bytes(const std::vector<SharedArray> &arrays, const std::string &body) {
    size_t sum = 0;
    for (const SharedArray &a : arrays)
        if (body.find(a.name) != std::string::npos) sum = (sum + a.align - 1) / a.align * a.align + a.bytes;
    return sum;
}

// block_threads is the most threads that a kernel's directives allow.
int block_threads(const std::string &directives) {
    static const std::regex form(R"(\.(?:maxntid|reqntid)\s+(\d+)(?:\s*,\s*(\d+))?(?:\s*,\s*(\d+))?)");
    std::smatch m;
    if (!std::regex_search(directives, m, form)) return 1024;
    int threads = 1;
    for (int i = 1; i <= 3; i++)
        if (m[i].matched) threads *= std::stoi(m[i]);
    return threads;
}

// end_of_body is where the brace at open is closed.
size_t end_of_body(const std::string &text, size_t open) {
    int depth = 0;
    for (size_t i = open; i < text.size(); i++) {
        if (text[i] == '{') depth++;
        if (text[i] == '}' && --depth == 0) return i;
    }
    return std::string::npos;
}

// read_entry reads a kernel from behind the bracket of its parameters on. It returns what is wrong with it, or nothing.
std::string read_entry(const std::string &text, size_t from, const std::vector<SharedArray> &shared, PtxEntry &k) {
    const size_t to = text.find(')', from), open = text.find('{', from);
    const size_t close = open == std::string::npos ? open : end_of_body(text, open);
    if (close == std::string::npos || to > open) return k.name + ": the kernel has no end";
    for (const std::string &param : split(text.substr(from, to - from))) {
        k.params.push_back(0);
        if (!param_bytes(param, k.params.back())) return k.name + ": parameter" + param;
    }
    k.shared = shared_bytes(shared, text.substr(open, close - open));
    k.max_threads = block_threads(text.substr(to, open - to));
    return "";
}

}  // namespace

Ptx parse_ptx(const std::string &text, std::string &error) {
    Ptx ptx;
    std::smatch m;
    static const std::regex header(
        R"(^(?:\s*(?://[^\n]*)?\n)*\s*\.version\s+(\d+)\.(\d+)\s+\.target\s+sm_(\d+)\w*\s+\.address_size\s+64\b)");
    if (!std::regex_search(text, m, header)) {
        error = "want .version, .target sm_NN and .address_size 64 first";
        return ptx;
    }
    ptx.version = std::stoi(m[1]) * 10 + std::stoi(m[2]);
    ptx.target = std::stoi(m[3]);
    const std::vector<SharedArray> shared = shared_arrays(text);
    static const std::regex entry(R"(\.entry\s+(\w+)\s*\()");
    each_at(text, ".entry", entry, [&](const std::smatch &m, size_t at) {
        if (!error.empty()) return;
        PtxEntry k;
        k.name = m[1];
        error = read_entry(text, at + m.length(), shared, k);
        ptx.entries.push_back(k);
    });
    return ptx;
}

int ptx_version_of(int driver) {
    // From CUDA 12 on, as the PTX ISA's release history has it.
    static constexpr struct {
        int driver, version;
    } history[] = {
        {13010, 91}, {13000, 90}, {12090, 88}, {12080, 87}, {12070, 86}, {12050, 85},
        {12040, 84}, {12030, 83}, {12020, 82}, {12010, 81}, {12000, 80},
    };
    for (const auto &h : history)
        if (driver >= h.driver) return h.version;
    return 78;
}

}  // namespace emu
