// What the environment asks of the emulation.
#pragma once

#include <string>
#include <vector>

#include "order.h"

namespace emu {

// Fault makes the nth call of a function, or each where nth is 0, end with a status of that function's library. Only
// calls for one of cuDNN's algorithms count, unless it is kAnyAlgorithm.
struct Fault {
    std::string call;
    long algorithm;
    int status;
    long nth;
};
constexpr long kAnyAlgorithm = -1;

struct Config {
    int devices;              // RESNET_EMU_DEVICES
    size_t memory;            // RESNET_EMU_MEMORY, bytes a device (given in MiB)
    int driver, cudnn;        // RESNET_EMU_DRIVER, RESNET_EMU_CUDNN: versions as the libraries count them
    int cudart, cublas;       // RESNET_EMU_CUDART, of the CUDA that cuDNN is for; RESNET_EMU_CUBLAS
    int capability;           // RESNET_EMU_CC: 90 is 9.0
    std::string name;         // RESNET_EMU_NAME, the devices'
    bool eager;               // RESNET_EMU_EAGER: work is done when it is given, not when it is waited for
    bool others_first;        // RESNET_EMU_ORDER=others-first: a wait for a stream lets the other streams run ahead
    Threads threads;          // RESNET_EMU_THREADS: reverse or shuffle
    bool leaks;               // RESNET_EMU_LEAKS
    bool trace;               // RESNET_EMU_TRACE: each piece of work is named on stderr before it is done
    std::string count_file;   // RESNET_EMU_COUNT
    std::vector<Fault> fail;  // RESNET_EMU_FAIL
};

// config is read once, at the first call.
const Config &config();

// expecting says that violations are wanted now (RESNET_EMU_EXPECT=1): a test provokes them.
bool expecting();

// parse_faults reads "cuLaunchKernel:719@5,cudnnCreate:1001,cudnnConvolutionForward#1:5000".
std::vector<Fault> parse_faults(const std::string &text);

}  // namespace emu
