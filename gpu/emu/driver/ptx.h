// What the emulation reads in PTX: the header and each kernel's declaration.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace emu {

struct PtxEntry {
    std::string name;
    std::vector<size_t> params;  // bytes of each parameter
    size_t shared = 0;           // bytes of static shared memory
    int max_threads = 1024;      // of a block
};

struct Ptx {
    int version = 0;  // 78 is PTX ISA 7.8
    int target = 0;   // 75 is sm_75
    std::vector<PtxEntry> entries;
};

// parse_ptx reads the text; in error it says what it cannot read, otherwise error is empty.
Ptx parse_ptx(const std::string &text, std::string &error);

// ptx_version_of is the newest PTX version that the driver of a CUDA version compiles: 90 for 13000.
int ptx_version_of(int driver);

}  // namespace emu
